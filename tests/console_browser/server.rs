//! A loopback server that shows the console over fixed drafts and writes down every request.

use crate::drafts::{Example, examples, queue_of};
use crate::hostile::large;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use xianshen::explain::Explainer;
use xianshen::metrics::Metrics;
use xianshen::model::{Draft, Queue, Verdict};
use xianshen::ruleset::Ruleset;
use xianshen::store::{self, Store};
use xianshen::stream::pipeline::{self, Pool};
use xianshen::stream::reload::ActiveRules;
use xianshen::web::auth::Tokens;
use xianshen::web::console::{self, Chains, Counts, ItemRow, ItemView, QueueRow, RevisionRow, Status, Trouble, Viewer};
use xianshen::web::{self, AppState};

/// What the browser asked for, and what it complained about.
#[derive(Default)]
pub struct Log {
    pub requests: Mutex<Vec<String>>,
    pub violations: Mutex<Vec<String>>,
    /// What a driver told by itself: width of the window, and how much wider the page is.
    pub told: Mutex<Vec<String>>,
}

struct Site {
    examples: Vec<Example>,
    log: Arc<Log>,
}

/// Keys are pressed by a script of the test, for the pages themselves hold none that can be told what to do. What the
/// test wants to know is left in the attributes of the document.
const DRIVER: &str = r#""use strict";
addEventListener("load", () => {
  for (const key of new URL(location.href).searchParams.getAll("key"))
    document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const asked = new URL(location.href).searchParams;
  if (asked.has("type")) {
    document.getElementById("token").value = asked.get("type");
    document.querySelector(".sign-in .button").click();
  }
  if (asked.has("press")) document.querySelector(asked.get("press")).click();
  const told = document.documentElement.dataset;
  const text = document.querySelector(".text");
  told.width = innerWidth;
  told.wider = Math.max(0, document.documentElement.scrollWidth - innerWidth);
  told.pwned = String(window.pwned);
  told.focus = document.activeElement.getAttribute("href") || "";
  told.units = text ? text.textContent.length : 0;
  if (text && text.textContent.length < 100000) {
    told.text = encodeURIComponent(text.textContent);
    told.seen = encodeURIComponent(text.innerText);
  }
});
// Headless Chromium narrows a window below 500 pixels only when it takes the picture, after the page has loaded.
if (new URL(location.href).searchParams.has("tell"))
  addEventListener("resize", () => {
    const wider = Math.max(0, document.documentElement.scrollWidth - innerWidth);
    fetch("/told", { method: "POST", body: `${innerWidth} ${wider}`, keepalive: true });
  });
"#;

pub async fn serve(listener: tokio::net::TcpListener, log: Arc<Log>) -> std::io::Result<()> {
    let mut examples = examples();
    examples.push(large());
    let site = Arc::new(Site { examples, log });
    let router = axum::Router::new()
        .route("/", get(queues))
        .route("/queues/{queue}", get(items))
        .route("/items/{unit}/{id}/{revision}", get(item))
        .route("/assets/{name}", get(|Path(name): Path<String>| async move { console::asset_response(&name) }))
        .route("/driver.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], DRIVER) }))
        .route("/csp", post(|State(site): State<Arc<Site>>, body: String| async move { note(&site.log.violations, body) }))
        .route("/told", post(|State(site): State<Arc<Site>>, body: String| async move { note(&site.log.told, body) }))
        .route(
            "/unescaped",
            get(|| async {
                Html("<!doctype html><title>control</title><script>document.title='pwned'</script><img src='http://127.0.0.1:9/x'>")
            }),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, Html(console::trouble_page(Trouble::NotFound, Viewer::default()))) })
        .layer(map_response(console::protect))
        .layer(from_fn_with_state(site.clone(), watched))
        .with_state(site);
    axum::serve(listener, router).await
}

pub async fn listen(port: u16) -> std::io::Result<(tokio::net::TcpListener, SocketAddr)> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Writes the request down, and asks the browser to report what the policy stops.
async fn watched(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let wanted = request.uri().query().is_some_and(|query| query.contains("drive"));
    if path != "/csp" {
        note(&site.log.requests, path);
    }
    let mut response = next.run(request).await;
    if let Ok(policy) = HeaderValue::from_str(&format!("{}; report-uri /csp", console::CONTENT_SECURITY_POLICY)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    driven(response, wanted).await
}

/// Adds the driver to a page.
async fn driven(mut response: Response, wanted: bool) -> Response {
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if wanted && html {
        let (parts, body) = response.into_parts();
        let page = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let page = String::from_utf8_lossy(&page).replacen("</head>", "<script src=\"/driver.js\" defer></script></head>", 1);
        response = (parts.status, page).into_response();
        response.headers_mut().extend(
            parts
                .headers
                .into_iter()
                .filter(|(name, _)| *name != Some(header::CONTENT_LENGTH))
                .filter_map(|(name, value)| name.map(|name: HeaderName| (name, value))),
        );
    }
    response
}

/// The real thing behind a token, with nothing in its store: its own routes, guards and headers, and the driver.
pub async fn serve_real(listener: tokio::net::TcpListener, folder: PathBuf, token: &str) -> std::io::Result<()> {
    let file = folder.join("tokens");
    std::fs::write(&file, token)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    let tokens = Tokens::read(&file).map_err(std::io::Error::other)?;
    let metrics = Arc::new(Metrics::new().map_err(std::io::Error::other)?);
    let options = store::Options { data: folder.join("data"), ..store::Options::default() };
    let store = Store::open(&options, Arc::clone(&metrics)).map_err(std::io::Error::other)?;
    let rules = Arc::new(ActiveRules::default());
    let pool = Pool::start(&pipeline::Options::default(), Ruleset::judge, Arc::clone(&rules), Arc::clone(&metrics))?;
    let state = AppState::new(Some(store), pool, rules, metrics, tokens, &web::Options::default(), options.data);
    let router = web::router(state).route("/driver.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], DRIVER) })).layer(
        axum::middleware::from_fn(|request: Request, next: Next| async move {
            let wanted = request.uri().query().is_some_and(|query| query.contains("drive"));
            driven(next.run(request).await, wanted).await
        }),
    );
    axum::serve(listener, router).await
}

fn note(list: &Mutex<Vec<String>>, line: String) -> StatusCode {
    if let Ok(mut lines) = list.lock() {
        lines.push(line);
    }
    StatusCode::NO_CONTENT
}

async fn queues(State(site): State<Arc<Site>>) -> Html<String> {
    let mut rows: BTreeMap<Queue, QueueRow> = BTreeMap::new();
    for example in &site.examples {
        let Some(queue) = queue_of(example) else { continue };
        let row = rows.entry(queue).or_insert(QueueRow { queue, items: 0, oldest_seconds: None });
        row.items += 1;
        row.oldest_seconds = row.oldest_seconds.max(Some(example.age_seconds));
    }
    let rows: Vec<_> = rows.into_values().collect();
    let notice = "dictionaries/ads.csv 第 12 行有误，新规则没有启用，仍按原规则机审。".to_owned();
    Html(console::queues_page(
        &rows,
        &Status { ruleset: "9d41c07ab25e83f6".to_owned(), pending: 1, notice: Some(notice) },
        Viewer::default(),
    ))
}

async fn items(State(site): State<Arc<Site>>, Path(queue): Path<String>) -> Response {
    let Ok(queue) = queue.parse::<Queue>() else { return not_found() };
    let mut rows: Vec<ItemRow> = site.examples.iter().filter(|example| queue_of(example) == Some(queue)).map(item_row).collect();
    rows.sort_by_key(|row| row.received_at);
    let next = (queue == Queue::Ad).then_some("2026-11-23T01:00:00Z/5");
    Html(console::items_page(queue, &rows, next, Viewer::default())).into_response()
}

async fn item(State(site): State<Arc<Site>>, Path((unit, id, revision)): Path<(String, String, u64)>) -> Response {
    let (unit, id) = (console::from_path_segment(&unit), console::from_path_segment(&id));
    let Some(found) =
        site.examples.iter().find(|example| (&*example.draft.unit, &*example.draft.id, example.draft.revision) == (unit, id, revision))
    else {
        return not_found();
    };
    let at = received(found.age_seconds);
    let revisions: Vec<_> = (1..=revision)
        .map(|number| RevisionRow {
            revision: number,
            received_at: at,
            state: if number == revision { "screened" } else { "superseded" }.to_owned(),
        })
        .collect();
    let chains = found.verdict.as_ref().map(|verdict| chains(&found.draft, verdict)).unwrap_or_default();
    let view = ItemView {
        draft: &found.draft,
        verdict: found.verdict.as_ref(),
        unit_name: None,
        revisions: &revisions,
        received_at: at,
        next: Some("/items/u/next/1"),
        chains: &chains,
    };
    Html(console::item_page(&view, Viewer::default())).into_response()
}

fn chains(draft: &Draft, verdict: &Verdict) -> Chains {
    let explainer = Explainer::new(draft, verdict, None);
    Chains {
        findings: verdict.findings.iter().map(|finding| explainer.finding(finding, &finding.text, false)).collect(),
        suppressed: verdict.suppressed.iter().map(|hit| explainer.suppressed(hit, &hit.text, false)).collect(),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html(console::trouble_page(Trouble::NotFound, Viewer::default()))).into_response()
}

fn received(age_seconds: u64) -> jiff::Timestamp {
    let now: jiff::Timestamp = "2026-11-23T03:20:00Z".parse().expect("a time");
    now - jiff::SignedDuration::from_secs(age_seconds as i64)
}

fn item_row(example: &Example) -> ItemRow {
    let verdict = example.verdict.as_ref();
    let mut findings = Counts::default();
    verdict.into_iter().flat_map(|verdict| &verdict.findings).for_each(|finding| findings.add(finding.severity));
    ItemRow {
        unit: example.draft.unit.clone(),
        unit_name: None,
        id: example.draft.id.clone(),
        revision: example.draft.revision,
        title: example.draft.title.clone(),
        account: example.draft.account.clone(),
        platform: example.draft.platform.clone(),
        kind: example.draft.kind,
        level: verdict.map_or(xianshen::model::Level::L1, |verdict| verdict.level),
        blocked: verdict.is_some_and(|verdict| verdict.blocked),
        received_at: received(example.age_seconds),
        age_seconds: example.age_seconds,
        findings,
        undetermined: verdict.and_then(|verdict| verdict.undetermined).map(|undetermined| undetermined.reason),
        is_secret: verdict.is_some_and(Verdict::is_secret),
    }
}
