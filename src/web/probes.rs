//! `/healthz`, `/readyz`, `/metrics`: whether the process lives, whether it can do its work, how it goes.
//! Must not show anything of a draft.

use super::AppState;

use super::error::Refusal;
use crate::metrics;
use crate::model::ENGINE_VERSION;
use crate::store::Store;
use crate::stream::{moment, now_ms};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Figures that cost a query are asked for no more often than this, however often they are scraped.
const REFRESH: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Probes {
    refreshed: Mutex<Option<Instant>>,
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(readyz)).route("/metrics", get(show_metrics))
}

/// Ready: rules are loaded, the store can write, and the process is not on its way out.
async fn readyz(State(state): State<AppState>) -> Response {
    #[derive(Serialize)]
    struct LastReloadError {
        at: String,
        problems: Vec<String>,
        problems_total: usize,
    }
    #[derive(Serialize)]
    struct Ready {
        ready: bool,
        ruleset: Option<String>,
        engine: &'static str,
        /// Drafts that wait to be judged.
        pending: u64,
        /// Why not: `rules`, `disk_full`, `store`, `stopping`; between topics also `kafka` (no broker answers), `offsets`
        /// (a partition stands still), `dlq_breaker` (too many unreadable records).
        not_ready: Vec<&'static str>,
        last_reload_error: Option<LastReloadError>,
    }
    let ruleset = state.rules.current().map(|ruleset| ruleset.id().to_owned());
    let mut not_ready = Vec::new();
    if ruleset.is_none() {
        not_ready.push("rules");
    }
    if let Some(store) = &state.store {
        if store.is_full() {
            not_ready.push("disk_full");
        }
        if store.failure().borrow().is_some() {
            not_ready.push("store");
        }
    }
    if let Some(kafka) = &state.kafka {
        not_ready.extend(kafka.not_ready());
    }
    if state.stopping.load(Ordering::Relaxed) {
        not_ready.push("stopping");
    }
    let last_reload_error = state.rules.refusal().map(|refusal| LastReloadError {
        at: moment(refusal.at_ms),
        problems: refusal.problems,
        problems_total: refusal.problems_total,
    });
    let ready = not_ready.is_empty();
    let pending = state.store.as_ref().map_or(0, Store::pending);
    let body = Ready { ready, ruleset, engine: ENGINE_VERSION, pending, not_ready, last_reload_error };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_vec(&body) {
        Ok(bytes) => {
            let mut response = (status, bytes).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if !ready {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            response
        }
        Err(_) => Refusal::internal().into_response(),
    }
}

async fn show_metrics(State(state): State<AppState>) -> Result<Response, Refusal> {
    refresh(&state).await;
    let text = state.metrics.render().map_err(|_| Refusal::internal())?;
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
    Ok(response)
}

/// Brings the gauges up to date. What cannot be read now keeps its last value: a scrape is never refused for it.
async fn refresh(state: &AppState) {
    let mut refreshed = state.probes.refreshed.lock().await;
    if state.kafka.is_none() {
        state.metrics.inflight_records.set(state.pool.busy() as f64);
    }
    let Some(store) = &state.store else { return };
    state.metrics.inbox_items.set(store.pending() as f64);
    if refreshed.is_some_and(|at| at.elapsed() < REFRESH) {
        return;
    }
    let now = now_ms();
    let age = |received: Option<i64>| received.map_or(0.0, |received| (now - received).max(0) as f64 / 1e3);
    if let Ok(counts) = store.queue_counts().await {
        for count in counts {
            let queue = [count.queue.as_str()];
            state.metrics.review_queue_items.with_label_values(&queue).set(count.items as f64);
            state.metrics.review_oldest_item_seconds.with_label_values(&queue).set(age(count.oldest_received_at_ms));
        }
    }
    if let Ok(oldest) = store.oldest_pending().await {
        state.metrics.inbox_oldest_seconds.set(age(oldest));
    }
    if let Ok(outbox) = store.outbox().await {
        state.metrics.outbox_items.set(outbox.items as f64);
        state.metrics.outbox_oldest_seconds.set(age(outbox.oldest_created_at_ms));
    }
    if let Ok(disk) = rustix::fs::statvfs(state.data.as_path()) {
        state.metrics.disk_free_bytes.set((disk.f_bavail * disk.f_frsize) as f64);
    }
    *refreshed = Some(Instant::now());
}
