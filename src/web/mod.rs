//! The HTTP side: routes, bounds, who may ask. Built as `api::router(state)`, beside which the console stands.
//! Must not know SQL or the judging code.

pub mod api;
pub mod auth;
pub mod body;
pub mod connections;
pub mod console;
pub mod error;
pub mod pages;
mod probes;
pub mod sessions;
pub mod sign_in;

use crate::metrics::Metrics;
use crate::store::Store;
use crate::stream::kafka::Link;
use crate::stream::pipeline::Pool;
use crate::stream::reload::ActiveRules;
use auth::Tokens;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use body::BodyLimits;
use error::Refusal;
use sessions::{Attempts, Sessions};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Bounds of the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub body_bytes_max: usize,
    /// All bodies being read or worked on together.
    pub bodies_bytes_max: usize,
    pub header_read_ms_max: u64,
    pub body_read_ms_max: u64,
    pub connections_max: usize,
    pub requests_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            bodies_bytes_max: 256 << 20,
            header_read_ms_max: 30_000,
            body_read_ms_max: 30_000,
            connections_max: 1_024,
            requests_max: 512,
        }
    }
}

/// What every handler may use. Clones share everything.
#[derive(Clone)]
pub struct AppState {
    /// Absent in a process that only screens.
    pub store: Option<Store>,
    /// What this process does between topics; absent in the embedded shape.
    pub kafka: Option<Link>,
    pub pool: Pool,
    pub rules: Arc<ActiveRules>,
    pub metrics: Arc<Metrics>,
    pub tokens: Arc<Tokens>,
    /// Who is signed in at the console, and who tried in vain.
    pub sessions: Arc<Sessions>,
    pub attempts: Arc<Attempts>,
    pub bodies: BodyLimits,
    pub requests: Arc<Semaphore>,
    pub stopping: Arc<AtomicBool>,
    /// Folder whose disk is watched.
    pub data: Arc<PathBuf>,
    probes: Arc<probes::Probes>,
}

/// What the handlers may use that need the store.
#[derive(Clone)]
pub struct Office {
    app: AppState,
    pub store: Store,
}

impl std::ops::Deref for Office {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.app
    }
}

impl AppState {
    pub fn new(
        store: Option<Store>,
        pool: Pool,
        rules: Arc<ActiveRules>,
        metrics: Arc<Metrics>,
        tokens: Tokens,
        options: &Options,
        data: PathBuf,
    ) -> Self {
        let read_time = Duration::from_millis(options.body_read_ms_max);
        Self {
            store,
            kafka: None,
            pool,
            rules,
            metrics,
            tokens: Arc::new(tokens),
            sessions: Arc::default(),
            attempts: Arc::default(),
            bodies: BodyLimits::new(options.body_bytes_max, read_time, options.bodies_bytes_max),
            requests: Arc::new(Semaphore::new(options.requests_max)),
            stopping: Arc::default(),
            data: Arc::new(data),
            probes: Arc::default(),
        }
    }
}

/// All routes with everything that stands before them. Without a store there is nothing to take in or to look at.
pub fn router(state: AppState) -> Router {
    let mut routes = probes::router().merge(api::check_router());
    if let Some(store) = &state.store {
        let office = Office { app: state.clone(), store: store.clone() };
        routes = routes.merge(api::router().merge(pages::router()).with_state(office)).merge(sign_in::router());
    }
    routes
        .method_not_allowed_fallback(|| async { Refusal::wrong_method() })
        .fallback(|| async { Refusal::not_found() })
        .layer(CatchPanicLayer::custom(|_| Refusal::internal().into_response()))
        .layer(axum::middleware::from_fn_with_state(state.clone(), bound_requests))
        .layer(axum::middleware::from_fn_with_state(state.clone(), auth::guard))
        .layer(axum::middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// At most so many requests are worked on at once; the rest are told to come back.
async fn bound_requests(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    match Arc::clone(&state.requests).try_acquire_owned() {
        Ok(_permit) => next.run(request).await,
        Err(_) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "请求过多", "too many requests at once").retry_after(1).closing().into_response()
        }
    }
}

/// Counts and times every answer; sets the headers that every answer carries.
async fn observe(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    // The pattern of the route, never the address asked for: labels stay few whatever clients send.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let method = match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        _ => "other",
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.stopping.load(Ordering::Relaxed) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let class = match response.status().as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    state.metrics.http_requests_total.with_label_values(&[&route, method, class]).inc();
    state.metrics.http_request_duration_seconds.with_label_values(&[&route]).observe(begun.elapsed().as_secs_f64());
    response
}
