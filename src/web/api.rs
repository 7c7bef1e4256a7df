//! The routes of CONTRACTS: check, intake, the state of a draft, the queues, judging again.
//! Must not know SQL or how a draft is judged.

use super::body::HeldBody;
use super::error::Refusal;
use super::{AppState, Office};
use crate::model::{Draft, Kind, Queue};
use crate::store::{Intake, NewRevision, PAGE_ITEMS_MAX, Rejudge, ReviewItem, RevisionState};
use crate::stream::kafka::Link;
use crate::stream::kafka::review::Review;
use crate::stream::{date_of, moment, now_ms};
use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Instant;

/// Items of a page when the client names no number.
const PAGE_ITEMS: usize = 50;
/// Bodies larger than this are read apart, so that other requests do not wait behind them.
const LARGE_BODY_BYTES: usize = 256 << 10;

/// What needs no store.
pub fn check_router() -> Router<AppState> {
    Router::new().route("/v1/check", post(check))
}

pub fn router() -> Router<Office> {
    Router::new()
        .route("/v1/drafts", post(take_in))
        .route("/v1/drafts/{id}", get(show_draft))
        .route("/v1/drafts/{id}/rejudge", post(rejudge))
        .route("/v1/queues", get(list_queues))
        .route("/v1/queues/{queue}/items", get(list_items))
        .route("/v1/queues/{queue}/rejudge", post(rejudge_queue))
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw_json(status, bytes),
        Err(_) => Refusal::internal().into_response(),
    }
}

fn raw_json(status: StatusCode, bytes: impl Into<axum::body::Body>) -> Response {
    let mut response = (status, bytes.into()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Works on a body where it does no harm: a large one on a thread of its own.
async fn with_body<T: Send + 'static>(body: HeldBody, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> Result<T, Refusal> {
    if body.bytes.len() <= LARGE_BODY_BYTES {
        return Ok(work(&body.bytes));
    }
    tokio::task::spawn_blocking(move || work(&body.bytes)).await.map_err(|_| Refusal::internal())
}

/// `POST /v1/check`: the verdict, nothing stored.
async fn check(State(state): State<AppState>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let body = state.bodies.read(&parts.headers, body).await?;
    let mut draft = with_body(body, Draft::from_json).await??;
    draft.as_of.get_or_insert_with(|| date_of(now_ms()));
    let verdict = state.pool.check(draft).await?;
    Ok(raw_json(StatusCode::OK, verdict.to_json()))
}

#[derive(Serialize)]
struct Accepted<'a> {
    unit: &'a str,
    id: &'a str,
    revision: u64,
    content_hash: &'a str,
    location: &'a str,
}

/// `POST /v1/drafts`: 202 once the draft is durable.
async fn take_in(State(state): State<Office>, request: Request) -> Response {
    let (label, response) = match try_take_in(&state, request).await {
        Ok((Intake::Current, response)) => ("current", response),
        Ok((Intake::Superseded, response)) => ("superseded", response),
        Ok((Intake::Same, response)) => ("same", response),
        Ok((Intake::Conflict, response)) => ("conflict", response),
        Err(refusal) if refusal.retry_after_seconds.is_some() => ("unavailable", refusal.into_response()),
        Err(refusal) => ("refused", refusal.into_response()),
    };
    state.metrics.input_records_total.with_label_values(&["http", label]).inc();
    response
}

async fn try_take_in(state: &Office, request: Request) -> Result<(Intake, Response), Refusal> {
    let (parts, body) = request.into_parts();
    let body = state.bodies.read(&parts.headers, body).await?;
    let received_at = now_ms();
    let begun = Instant::now();
    let length = body.bytes.len();
    let read = move |bytes: &[u8]| Draft::from_json(bytes).map(|draft| (NewRevision::of(&draft, received_at, date_of(received_at)), draft));
    let (new, draft) = with_body(body, read).await??;
    state.metrics.stage_duration_seconds.with_label_values(&["decode"]).observe(begun.elapsed().as_secs_f64());
    state.metrics.input_bytes_total.inc_by(length as f64);
    let (unit, id, revision, content_hash) = (new.unit.clone(), new.id.clone(), new.revision, new.content_hash.clone());
    let begun = Instant::now();
    let intake = match &state.kafka {
        Some(Link::Review(review)) => hand_over(state, review, new, draft).await?,
        _ => state.store.take_in(new).await?,
    };
    state.metrics.stage_duration_seconds.with_label_values(&["store"]).observe(begun.elapsed().as_secs_f64());
    if intake == Intake::Conflict {
        tracing::warn!(%unit, %id, revision, "A revision was sent again with other content and refused.");
        let refusal = Refusal::new(
            StatusCode::CONFLICT,
            "同一版本的内容不同",
            "this revision is stored with other content; a change needs a new revision",
        );
        return Ok((intake, refusal.at("revision").into_response()));
    }
    let location = location_of(&unit, &id);
    let mut response =
        json(StatusCode::ACCEPTED, &Accepted { unit: &unit, id: &id, revision, content_hash: &content_hash, location: &location });
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    Ok((intake, response))
}

/// Hands a draft to the screening processes; what is known to contradict an earlier one is refused before.
async fn hand_over(state: &Office, review: &Review, new: NewRevision, mut draft: Draft) -> Result<Intake, Refusal> {
    if let Some((stored, _)) = state.store.item(&new.unit, &new.id, new.revision).await?
        && stored.content_hash != new.content_hash
    {
        return Ok(Intake::Conflict);
    }
    draft.as_of = Some(new.as_of);
    review.take_in(&draft).await?;
    Ok(state.store.announce(new).await?)
}

/// Where the state of an item can be asked for.
fn location_of(unit: &str, id: &str) -> String {
    let mut location = String::from("/v1/drafts/");
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => location.push(char::from(byte)),
            _ => location.push_str(&format!("%{byte:02X}")),
        }
    }
    // An id of dots must not look like a step upwards.
    if matches!(id, "." | "..") {
        location = format!("/v1/drafts/{}", "%2E".repeat(id.len()));
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("unit", unit).finish();
    format!("{location}?{query}")
}

/// Parameters of the path, or a problem that says which address is meant.
fn from_path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    path.map(|Path(value)| value).map_err(|_| Refusal::bad_parameter("path", "the address must be percent-encoded UTF-8"))
}

/// Parameters of the query; unknown and repeated ones are refused.
fn from_query<T: DeserializeOwned>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(value)| value).map_err(|rejection| {
        let reason = rejection.body_text();
        let name = reason.split('`').nth(1).filter(|name| name.len() <= 64 && !name.chars().any(char::is_control));
        let said = if reason.contains("unknown field") {
            "unknown parameter"
        } else if reason.contains("duplicate field") {
            "given twice"
        } else {
            "cannot be read"
        };
        Refusal::bad_parameter(name.unwrap_or("query"), said)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitQuery {
    unit: Option<String>,
}

/// The unit named, or the only one that has this item.
async fn unit_of(state: &Office, id: &str, unit: Option<String>) -> Result<String, Refusal> {
    if let Some(unit) = unit {
        return Ok(unit);
    }
    let mut units = state.store.units_of(id).await?;
    match (units.pop(), units.pop()) {
        (Some(unit), None) => Ok(unit),
        (None, _) => Err(Refusal::unknown_item()),
        _ => {
            Err(Refusal::new(StatusCode::CONFLICT, "多个单位有同名稿件", "several units have a draft with this id: name the unit")
                .at("unit"))
        }
    }
}

/// `GET /v1/drafts/{id}?unit=U`.
async fn show_draft(
    State(state): State<Office>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<UnitQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Entry {
        revision: u64,
        received_at: String,
        state: RevisionState,
        #[serde(skip_serializing_if = "Option::is_none")]
        verdict: Option<Box<RawValue>>,
    }
    #[derive(Serialize)]
    struct Item<'a> {
        unit: &'a str,
        id: &'a str,
        current_revision: u64,
        revisions: Vec<Entry>,
        /// There are older revisions than those listed.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        older_revisions: bool,
    }
    let id = from_path(path)?;
    let unit = unit_of(&state, &id, from_query(query)?.unit).await?;
    let found = state.store.revisions(&unit, &id).await?.ok_or_else(Refusal::unknown_item)?;
    let current_revision = found.entries.last().map_or(0, |entry| entry.revision);
    let mut revisions = Vec::with_capacity(found.entries.len());
    for entry in found.entries {
        let verdict = entry.verdict.map(RawValue::from_string).transpose().map_err(|_| Refusal::internal())?;
        revisions.push(Entry { revision: entry.revision, received_at: moment(entry.received_at_ms), state: entry.state, verdict });
    }
    Ok(json(StatusCode::OK, &Item { unit: &unit, id: &id, current_revision, revisions, older_revisions: found.older }))
}

/// `POST /v1/drafts/{id}/rejudge?unit=U`: the current revision is judged again with the rules of today; until then its
/// verdict stands.
async fn rejudge(
    State(state): State<Office>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<UnitQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Asked<'a> {
        unit: &'a str,
        id: &'a str,
        revision: u64,
        location: String,
    }
    let id = from_path(path)?;
    let unit = unit_of(&state, &id, from_query(query)?.unit).await?;
    match state.store.rejudge(&unit, &id).await? {
        Rejudge::Asked { revision } => {
            tracing::info!(%unit, %id, revision, "A draft is judged again on request.");
            let location = location_of(&unit, &id);
            Ok(json(StatusCode::ACCEPTED, &Asked { unit: &unit, id: &id, revision, location }))
        }
        Rejudge::Unknown => Err(Refusal::unknown_item()),
    }
}

fn queue_named(name: &str) -> Result<Queue, Refusal> {
    name.parse().map_err(|()| Refusal::new(StatusCode::NOT_FOUND, "没有这个队列", "no such queue").at("queue"))
}

/// `POST /v1/queues/{queue}/rejudge`: everything that waits there is judged again, after what is new.
async fn rejudge_queue(State(state): State<Office>, path: Result<Path<String>, PathRejection>) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Asked {
        queue: Queue,
        items: u64,
    }
    let queue = queue_named(&from_path(path)?)?;
    let items = state.store.rejudge_queue(queue).await?;
    tracing::info!(queue = queue.as_str(), items, "A queue is judged again on request.");
    Ok(json(StatusCode::ACCEPTED, &Asked { queue, items }))
}

/// `GET /v1/queues`: all of them, the empty ones too.
async fn list_queues(State(state): State<Office>) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Entry {
        queue: Queue,
        items: u64,
        /// Null for an empty queue.
        oldest_seconds: Option<i64>,
    }
    let now = now_ms();
    let counts = state.store.queue_counts().await?;
    let entries: Vec<_> = counts
        .into_iter()
        .map(|count| Entry {
            queue: count.queue,
            items: count.items,
            // A clock that was set back must not make an item younger than nothing.
            oldest_seconds: count.oldest_received_at_ms.map(|received| (now - received).max(0) / 1_000),
        })
        .collect();
    Ok(json(StatusCode::OK, &entries))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    limit: Option<String>,
    after: Option<String>,
}

/// `GET /v1/queues/{queue}/items?limit=&after=`: oldest first; `next` is given back as `after`.
async fn list_items(
    State(state): State<Office>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Counts {
        #[serde(rename = "S0")]
        s0: u64,
        #[serde(rename = "S1")]
        s1: u64,
        #[serde(rename = "S2")]
        s2: u64,
        #[serde(rename = "S3")]
        s3: u64,
    }
    #[derive(Serialize)]
    struct Entry {
        unit: String,
        id: String,
        revision: u64,
        title: String,
        account: String,
        platform: String,
        kind: Kind,
        level: crate::model::Level,
        blocked: bool,
        received_at: String,
        findings: Counts,
    }
    #[derive(Serialize)]
    struct Listed {
        items: Vec<Entry>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    }
    let queue = queue_named(&from_path(path)?)?;
    let query = from_query(query)?;
    let limit = match query.limit.as_deref() {
        None | Some("") => PAGE_ITEMS,
        Some(text) => {
            let number: i128 = text.parse().map_err(|_| Refusal::bad_parameter("limit", "must be an integer"))?;
            usize::try_from(number.clamp(1, PAGE_ITEMS_MAX as i128)).unwrap_or(PAGE_ITEMS_MAX)
        }
    };
    let after = match query.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|()| Refusal::bad_parameter("after", "must be what `next` of an earlier page said"))?),
    };
    let page = state.store.items(queue, after, limit).await?;
    let entry = |item: ReviewItem| {
        let [s0, s1, s2, s3] = item.findings;
        Entry {
            unit: item.unit,
            id: item.id,
            revision: item.revision,
            title: item.title,
            account: item.account,
            platform: item.platform,
            kind: item.kind,
            level: item.level,
            blocked: item.blocked,
            received_at: moment(item.received_at_ms),
            findings: Counts { s0, s1, s2, s3 },
        }
    };
    let next = page.next.map(|next| next.to_string());
    Ok(json(StatusCode::OK, &Listed { items: page.items.into_iter().map(entry).collect(), next }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_beijing() {
        assert_eq!(moment(0), "1970-01-01T08:00:00.000+08:00");
        assert_eq!(moment(1_795_426_627_123), "2026-11-23T17:37:07.123+08:00");
        assert_eq!(date_of(1_795_449_599_999).to_string(), "2026-11-23");
        assert_eq!(date_of(1_795_449_600_000).to_string(), "2026-11-24");
    }

    #[test]
    fn a_location_leads_back_to_the_item_whatever_its_name() {
        for (unit, id) in [("u", "a/b"), ("墨江 县", "稿件?&=#%"), ("a&unit=b", "../../etc"), ("u", "' OR 1=1--")] {
            let location = location_of(unit, id);
            let url = url::Url::parse(&format!("http://127.0.0.1{location}")).expect("a url");
            assert!(location.is_ascii() && url.path().starts_with("/v1/drafts/"), "{location}");
            assert_eq!(url.query_pairs().collect::<Vec<_>>(), [("unit".into(), unit.into())], "{location}");
        }
        assert_eq!(location_of("u", "a/b"), "/v1/drafts/a%2Fb?unit=u");
        // A client that tidies paths takes even this for a step upwards; nothing shorter of another route helps it.
        assert_eq!(location_of("u", ".."), "/v1/drafts/%2E%2E?unit=u");
    }
}
