//! Accepts connections within bounds and sees them off when the process stops.
//! Must not know what is asked for on them.

use super::error::Refusal;
use super::sign_in::Peer;
use crate::metrics::Metrics;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// Pause after a failed `accept`: out of file descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The head of a request, with its address and headers.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Time to tell a client that there are too many connections.
const TURN_AWAY_TIME_MAX: Duration = Duration::from_millis(200);
/// Clients that are being told so at one time; more are simply hung up on.
const TURNED_AWAY_MAX: usize = 32;

/// Bounds of connections.
pub struct Limits {
    pub connections_max: usize,
    pub header_read_time_max: Duration,
    /// How long requests under way may take once the process stops.
    pub finish_time_max: Duration,
}

/// Serves until `stop` turns true, then finishes the requests under way. Returns how many connections were cut.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    metrics: &Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) -> usize {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_read_time_max).max_buf_size(HEAD_BYTES_MAX);
    let open = Arc::new(Semaphore::new(limits.connections_max));
    let turning_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let mut connections = JoinSet::new();
    let mut accept_failed = false;
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // One line per spell of trouble, not one per attempt.
                if !std::mem::replace(&mut accept_failed, true) {
                    tracing::warn!(%error, "Connections cannot be accepted at the moment.");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        accept_failed = false;
        let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
            metrics.http_connections_refused_total.inc();
            if let Ok(permit) = Arc::clone(&turning_away).try_acquire_owned() {
                tokio::spawn(turn_away(stream, permit));
            }
            continue;
        };
        // A small answer must not wait for the acknowledgement of the one before.
        let _best_effort = stream.set_nodelay(true);
        let routes = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            routes.call(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut stop = stop.clone();
        let metrics = Arc::clone(metrics);
        connections.spawn(async move {
            let _permit = permit;
            metrics.http_connections.inc();
            tokio::pin!(connection);
            let stopped = async move {
                // An error means that the sender is gone: the process is past stopping.
                let _gone = stop.wait_for(|stop| *stop).await;
            };
            // Errors here are the client's: hung up, too slow, not HTTP. hyper has answered what can be answered.
            tokio::select! {
                _ended = &mut connection => {}
                () = stopped => {
                    connection.as_mut().graceful_shutdown();
                    let _ended = connection.await;
                }
            }
            metrics.http_connections.dec();
        });
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.finish_time_max, finished).await.is_ok() {
        return 0;
    }
    let left = connections.len();
    connections.shutdown().await;
    left
}

/// Answers 503 without reading anything and hangs up.
async fn turn_away(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "连接过多", "too many connections").retry_after(1).closing();
    let (parts, body) = refusal.into_response().into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return };
    let mut answer = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", parts.status, body.len()).into_bytes();
    for (name, value) in &parts.headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    let _best_effort = tokio::time::timeout(TURN_AWAY_TIME_MAX, async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    })
    .await;
}
