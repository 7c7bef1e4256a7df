//! The console's routes: asks the store, hands plain data to the pages of `console`, puts the strict headers on.
//! Must not know HTML, SQL or how a draft is judged.

use super::Office;
use super::console::{
    self, CARDS_MAX, Chains, Counts, ItemRow, ItemView, QueueRow, RevisionRow, SUPPRESSED_LISTED_MAX, Status, Trouble, Viewer,
};
use crate::explain::Explainer;
use crate::model::{Draft, Queue, Verdict};
use crate::ruleset::Ruleset;
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

pub fn router() -> Router<Office> {
    Router::new()
        .route("/", get(queues))
        .route("/queues/{queue}", get(items))
        .route("/items/{unit}/{id}/{revision}", get(item))
        .route("/assets/{name}", get(|Path(name): Path<String>| async move { console::asset_response(&name) }))
        .layer(axum::middleware::map_response(console::protect))
}

fn viewer(state: &Office) -> Viewer {
    Viewer { can_sign_out: !state.tokens.is_empty() }
}

fn trouble(state: &Office, trouble: Trouble) -> Response {
    let status = StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Html(console::trouble_page(trouble, viewer(state)))).into_response()
}

fn missing(state: &Office) -> Response {
    trouble(state, Trouble::NotFound)
}

fn unavailable(state: &Office, error: StoreError) -> Response {
    tracing::warn!(%error, "A console page could not be read from the store.");
    trouble(state, Trouble::Failed)
}

fn age_seconds(now_ms: i64, then_ms: i64) -> u64 {
    u64::try_from(now_ms.saturating_sub(then_ms) / 1_000).unwrap_or(0)
}

fn timestamp(ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default()
}

async fn queues(State(state): State<Office>) -> Response {
    let now = now_ms();
    let counts = match state.store.queue_counts().await {
        Ok(counts) => counts,
        Err(error) => return unavailable(&state, error),
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
    Html(console::queues_page(&rows, &status, viewer(&state))).into_response()
}

#[derive(Deserialize)]
struct PageQuery {
    after: Option<String>,
}

async fn items(State(state): State<Office>, Path(queue): Path<String>, Query(query): Query<PageQuery>) -> Response {
    let Ok(queue) = queue.parse::<Queue>() else { return missing(&state) };
    let after = match query.after.map(|a| a.parse::<Cursor>()).transpose() {
        Ok(after) => after,
        Err(()) => return trouble(&state, Trouble::BadAddress),
    };
    let now = now_ms();
    match state.store.items(queue, after, PAGE_ITEMS).await {
        Ok(page) => {
            let rules = state.rules.current();
            let rows: Vec<ItemRow> = page.items.into_iter().map(|item| row(item, rules.as_deref(), now)).collect();
            let next = page.next.map(|cursor| cursor.to_string());
            Html(console::items_page(queue, &rows, next.as_deref(), viewer(&state))).into_response()
        }
        Err(error) => unavailable(&state, error),
    }
}

fn row(item: ReviewItem, rules: Option<&Ruleset>, now_ms: i64) -> ItemRow {
    let [s0, s1, s2, s3] = item.findings;
    ItemRow {
        unit_name: rules.and_then(|rules| rules.unit_name(&item.unit, &item.account)).map(str::to_owned),
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
        undetermined: item.undetermined,
        is_secret: item.is_secret,
    }
}

async fn item(State(state): State<Office>, Path((unit, id, revision)): Path<(String, String, String)>) -> Response {
    let Ok(revision) = revision.parse::<u64>() else { return missing(&state) };
    let (unit, id) = (console::from_path_segment(&unit), console::from_path_segment(&id));
    let (stored, verdict) = match state.store.item(unit, id, revision).await {
        Ok(Some(found)) => found,
        Ok(None) => return missing(&state),
        Err(error) => return unavailable(&state, error),
    };
    let revisions: Vec<RevisionRow> = match state.store.revisions(unit, id).await {
        Ok(found) => found
            .map(|r| r.entries)
            .unwrap_or_default()
            .into_iter()
            .map(|r| RevisionRow { revision: r.revision, received_at: timestamp(r.received_at_ms), state: r.state.as_str().to_owned() })
            .collect(),
        Err(error) => return unavailable(&state, error),
    };
    let next = match &verdict {
        Some(verdict) => match state.store.items(verdict.queue, Some(stored.place), 1).await {
            Ok(page) => page.items.into_iter().next().map(|item| console::item_address(&item.unit, &item.id, item.revision)),
            Err(error) => return unavailable(&state, error),
        },
        None => None,
    };
    let rules = state.rules.current();
    let chains = verdict.as_ref().map(|verdict| chains(&stored.draft, verdict, rules.as_deref())).unwrap_or_default();
    let view = ItemView {
        draft: &stored.draft,
        verdict: verdict.as_ref(),
        unit_name: rules.as_deref().and_then(|rules| rules.unit_name(&stored.draft.unit, &stored.draft.account)),
        revisions: &revisions,
        received_at: timestamp(stored.received_at_ms),
        next: next.as_deref(),
        chains: &chains,
    };
    Html(console::item_page(&view, viewer(&state))).into_response()
}

/// How everything on the page came about, as far as the page shows it.
fn chains(draft: &Draft, verdict: &Verdict, rules: Option<&Ruleset>) -> Chains {
    let explainer = Explainer::new(draft, verdict, rules);
    let is_masked = |code: &str| code.starts_with("PII.") || code == "SEC.CREDENTIAL";
    let findings = verdict.findings.iter().take(CARDS_MAX);
    let suppressed = verdict.suppressed.iter().take(SUPPRESSED_LISTED_MAX);
    Chains {
        findings: findings.map(|finding| explainer.finding(finding, &finding.text, is_masked(&finding.code))).collect(),
        suppressed: suppressed.map(|hit| explainer.suppressed(hit, &hit.text, is_masked(&hit.code))).collect(),
    }
}
