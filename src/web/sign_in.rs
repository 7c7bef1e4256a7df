//! Signing in at the console: a token typed once becomes a cookie that opens the pages and nothing else.
//! Must not know pages other than its own, nor what is on them.

use super::AppState;
use super::console::{self, SignIn};
use super::sessions::AGE_MAX;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// Only over HTTPS or to this machine, only for this host, never read by a script, never sent along by other sites.
const COOKIE: &str = "__Host-xianshen";
/// Largest form: a token and the page to go on to.
const FORM_BYTES_MAX: usize = 8 << 10;
/// Longest token that is looked at.
const TOKEN_CHARS_MAX: usize = 1_024;
/// Longest address of a page to go on to.
const PAGE_CHARS_MAX: usize = 2_048;
pub const SIGN_IN: &str = "/login";
pub const SIGN_OUT: &str = "/logout";

/// Where a request comes from; put there by whoever accepted the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

pub fn router() -> Router<AppState> {
    Router::new()
        .route(SIGN_IN, get(show).post(sign_in))
        .route(SIGN_OUT, post(sign_out))
        .layer(axum::middleware::map_response(console::protect))
}

/// Whether the request carries the cookie of an open session.
pub fn is_signed_in(state: &AppState, headers: &HeaderMap) -> bool {
    let now = Instant::now();
    cookies(headers).any(|id| state.sessions.is_open(id, now))
}

/// Sends a browser without a session to the form; it comes back to the page it asked for.
pub fn ask(wanted: &Uri) -> Response {
    let page = wanted.path_and_query().map_or("/", |page| page.as_str());
    let mut address = SIGN_IN.to_owned();
    if page != "/" && own_page(page) == page {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("to", page).finish();
        address = format!("{SIGN_IN}?{query}");
    }
    see(&address)
}

/// The identifiers in our cookies: a browser sends one, an attacker what he likes.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=').filter(|(name, _)| *name == COOKIE).map(|(_, id)| id)).take(4)
}

fn see(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// A page of this console, or the overview: never a way to another site.
fn own_page(page: &str) -> &str {
    let is_own = page.len() <= PAGE_CHARS_MAX
        && (page.starts_with("/queues/") || page.starts_with("/items/"))
        && page.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_own { page } else { "/" }
}

#[derive(Default, Deserialize)]
struct Shown {
    to: Option<String>,
    /// Somebody has just signed in: the cookie must be there.
    done: Option<String>,
    /// Somebody has just signed out.
    out: Option<String>,
}

async fn show(State(state): State<AppState>, headers: HeaderMap, query: Result<Query<Shown>, QueryRejection>) -> Response {
    let shown = query.map(|Query(shown)| shown).unwrap_or_default();
    let to = own_page(shown.to.as_deref().unwrap_or("/"));
    if state.tokens.is_empty() || is_signed_in(&state, &headers) {
        return see(to);
    }
    let why = match (shown.done, shown.out) {
        (Some(_), _) => SignIn::NotKept,
        (_, Some(_)) => SignIn::Left,
        _ => SignIn::Asked,
    };
    Html(console::sign_in_page(why, to)).into_response()
}

async fn sign_in(State(state): State<AppState>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let (parts, body) = request.into_parts();
    let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if declared.is_none_or(|declared| declared > FORM_BYTES_MAX) {
        return refused(SignIn::Wrong, StatusCode::PAYLOAD_TOO_LARGE, "/");
    }
    let form = match state.bodies.read(&parts.headers, body).await {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    let field = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(&form.bytes);
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (token, to) = (field("token"), field("to"));
    let to = own_page(&to);
    if state.tokens.is_empty() {
        return see(to);
    }
    // Counted before the token is looked at: a thousand attempts at once are a thousand attempts.
    if let Err(wait) = state.attempts.take(peer, Instant::now()) {
        state.metrics.auth_failures_total.with_label_values(&["attempts"]).inc();
        let seconds = wait.as_secs().max(1);
        let mut response = refused(SignIn::Wait { minutes: seconds.div_ceil(60) }, StatusCode::TOO_MANY_REQUESTS, to);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return response;
    }
    let token = token.trim();
    // All tokens are compared, and all of each: what is wrong with a wrong one takes as long to say as anything else.
    if token.len() > TOKEN_CHARS_MAX || !state.tokens.accept(token) {
        state.metrics.auth_failures_total.with_label_values(&["login"]).inc();
        tracing::warn!(%peer, "A wrong token was typed at the console.");
        return refused(SignIn::Wrong, StatusCode::FORBIDDEN, to);
    }
    state.attempts.forgive(peer);
    // What an older session of this browser was called does not matter any more: the new one has a name of its own.
    cookies(&parts.headers).for_each(|id| state.sessions.close(id));
    let Some(id) = state.sessions.open(Instant::now()) else {
        tracing::error!("Nobody can sign in: the machine gives no random bits.");
        return refused(SignIn::Failed, StatusCode::INTERNAL_SERVER_ERROR, to);
    };
    tracing::info!(%peer, "Somebody signed in at the console.");
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("done", "1").append_pair("to", to).finish();
    let mut response = see(&format!("{SIGN_IN}?{query}"));
    let cookie = format!("{COOKIE}={id}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict", AGE_MAX.as_secs());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn refused(why: SignIn, status: StatusCode, to: &str) -> Response {
    (status, Html(console::sign_in_page(why, to))).into_response()
}

async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    cookies(&headers).for_each(|id| state.sessions.close(id));
    let mut response = see(&format!("{SIGN_IN}?out=1"));
    let gone = HeaderValue::from_static("__Host-xianshen=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_cookie_counts_wherever_it_stands() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; __Host-xianshen=one;c=d"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-xianshen2=no; xianshen=no;  __Host-xianshen=two"));
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["one", "two"]);
        let flood = HeaderValue::from_str(&"__Host-xianshen=x;".repeat(1_000)).expect("a value");
        headers.insert(header::COOKIE, flood);
        assert_eq!(cookies(&headers).count(), 4);
    }

    #[test]
    fn signing_in_leads_to_a_page_of_this_console_and_nowhere_else() {
        for own in ["/", "/queues/ad?after=c1", "/items/u/%E5%A2%A8/1"] {
            assert_eq!(own_page(own), own);
        }
        for other in
            ["", "//evil.example/queues/", "/\\evil.example", "https://evil.example/", "/login", "/v1/queues", "/items/a\r\nb", "/items/甲"]
        {
            assert_eq!(own_page(other), "/", "{other}");
        }
        assert_eq!(own_page(&format!("/items/{}", "a".repeat(PAGE_CHARS_MAX))), "/");
        let asked = ask(&"/items/u/a%20b/1?x=%26".parse().expect("an address"));
        assert_eq!(asked.headers()[header::LOCATION], "/login?to=%2Fitems%2Fu%2Fa%2520b%2F1%3Fx%3D%2526");
    }
}
