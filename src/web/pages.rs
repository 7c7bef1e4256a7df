//! The console's routes: asks the store, hands plain data to the pages of `console`, puts the strict headers on.
//! Must not know HTML, SQL or how a draft is judged.

use super::AppState;
use super::console::{self, Counts, ItemRow, QueueRow, RevisionRow, Status, Trouble};
use crate::model::Queue;
use crate::store::{Cursor, ReviewItem, StoreError};
use crate::stream::now_ms;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

/// Items on one page of a queue.
const PAGE_ITEMS: usize = 50;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(queues))
        .route("/queues/{queue}", get(items))
        .route("/items/{unit}/{id}/{revision}", get(item))
        .route("/assets/{name}", get(|Path(name): Path<String>| async move { console::asset_response(&name) }))
        .layer(axum::middleware::map_response(console::protect))
}

fn trouble(trouble: Trouble) -> Response {
    let status = StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Html(console::trouble_page(trouble))).into_response()
}

fn missing() -> Response {
    trouble(Trouble::NotFound)
}

fn unavailable(error: StoreError) -> Response {
    tracing::warn!(%error, "A console page could not be read from the store.");
    trouble(Trouble::Failed)
}

fn age_seconds(now_ms: i64, then_ms: i64) -> u64 {
    u64::try_from(now_ms.saturating_sub(then_ms) / 1_000).unwrap_or(0)
}

fn timestamp(ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default()
}

async fn queues(State(state): State<AppState>) -> Response {
    let now = now_ms();
    let counts = match state.store.queue_counts().await {
        Ok(counts) => counts,
        Err(error) => return unavailable(error),
    };
    let rows: Vec<QueueRow> = counts
        .into_iter()
        .map(|c| QueueRow { queue: c.queue, items: c.items, oldest_seconds: c.oldest_received_at_ms.map(|at| age_seconds(now, at)) })
        .collect();
    let notice = if state.store.is_full() {
        Some("磁盘已满，暂停接收新稿件；腾出空间后自动恢复。".to_owned())
    } else {
        state.rules.refusal().map(|r| format!("新规则有 {} 处错误，没有启用，仍按原规则机审。", r.problems_total))
    };
    let status =
        Status { ruleset: state.rules.current().map(|r| r.id().to_owned()).unwrap_or_default(), pending: state.store.pending(), notice };
    Html(console::queues_page(&rows, &status)).into_response()
}

#[derive(Deserialize)]
struct PageQuery {
    after: Option<String>,
}

async fn items(State(state): State<AppState>, Path(queue): Path<String>, Query(query): Query<PageQuery>) -> Response {
    let Ok(queue) = queue.parse::<Queue>() else { return missing() };
    let after = match query.after.map(|a| a.parse::<Cursor>()).transpose() {
        Ok(after) => after,
        Err(()) => return trouble(Trouble::BadAddress),
    };
    let now = now_ms();
    match state.store.items(queue, after, PAGE_ITEMS).await {
        Ok(page) => {
            let rows: Vec<ItemRow> = page.items.into_iter().map(|item| row(item, now)).collect();
            let next = page.next.map(|cursor| cursor.to_string());
            Html(console::items_page(queue, &rows, next.as_deref())).into_response()
        }
        Err(error) => unavailable(error),
    }
}

fn row(item: ReviewItem, now_ms: i64) -> ItemRow {
    let [s0, s1, s2, s3] = item.findings;
    ItemRow {
        unit: item.unit,
        id: item.id,
        revision: item.revision,
        title: item.title,
        account: item.account,
        platform: item.platform,
        kind: item.kind,
        level: item.level,
        blocked: item.blocked,
        received_at: timestamp(item.received_at_ms),
        age_seconds: age_seconds(now_ms, item.received_at_ms),
        findings: Counts { s0, s1, s2, s3 },
    }
}

async fn item(State(state): State<AppState>, Path((unit, id, revision)): Path<(String, String, String)>) -> Response {
    let Ok(revision) = revision.parse::<u64>() else { return missing() };
    let (unit, id) = (console::from_path_segment(&unit), console::from_path_segment(&id));
    let (stored, verdict) = match state.store.item(unit, id, revision).await {
        Ok(Some(found)) => found,
        Ok(None) => return missing(),
        Err(error) => return unavailable(error),
    };
    let revisions: Vec<RevisionRow> = match state.store.revisions(unit, id).await {
        Ok(found) => found
            .map(|r| r.entries)
            .unwrap_or_default()
            .into_iter()
            .map(|r| RevisionRow { revision: r.revision, received_at: timestamp(r.received_at_ms), state: r.state.as_str().to_owned() })
            .collect(),
        Err(error) => return unavailable(error),
    };
    Html(console::item_page(&stored.draft, verdict.as_ref(), &revisions, timestamp(stored.received_at_ms))).into_response()
}
