//! Who may ask: bearer tokens from a file, and on loopback without tokens only programs and pages of this machine.
//! Must not know what is asked for.

use super::AppState;
use super::console::assets::ASSETS_PREFIX;
use super::error::Refusal;
use super::sign_in;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Shortest token: 128 bits when written in hexadecimal.
pub const TOKEN_CHARS_MIN: usize = 32;
/// Largest token file.
const TOKEN_FILE_BYTES_MAX: u64 = 1 << 20;

/// The tokens that open the door; empty = no tokens are asked for. Only their hashes are kept.
#[derive(Clone, Default)]
pub struct Tokens(Vec<[u8; 32]>);

impl Tokens {
    /// Reads a token file: one token a line, `#` starts a comment line, nobody but the owner may read the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let metadata = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o177 != 0 {
            return Err(format!("mode is {mode:04o}, must be 0600: others could read the tokens"));
        }
        if metadata.len() > TOKEN_FILE_BYTES_MAX {
            return Err(format!("larger than {TOKEN_FILE_BYTES_MAX} bytes"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
        let mut hashes = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            if token.len() < TOKEN_CHARS_MIN || !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(format!("line {number}: a token has at least {TOKEN_CHARS_MIN} visible ASCII characters and no blanks"));
            }
            hashes.push(Sha256::digest(token.as_bytes()).into());
        }
        if hashes.is_empty() {
            return Err("holds no token".into());
        }
        Ok(Self(hashes))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares with every token in time that depends on none of them.
    pub fn accept(&self, offered: &str) -> bool {
        let offered: [u8; 32] = Sha256::digest(offered.as_bytes()).into();
        let mut accepted = false;
        for token in &self.0 {
            let difference = token.iter().zip(&offered).fold(0u8, |difference, (a, b)| difference | (a ^ b));
            accepted |= std::hint::black_box(difference) == 0;
        }
        accepted
    }
}

/// Lets a request through, or says why not. `/healthz` is open to everyone who reaches the port.
pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    let (reason, refusal) = match check(&state.tokens, request.method(), request.headers(), request.uri().path()) {
        Ok(()) => return next.run(request).await,
        Err(refused) => refused,
    };
    // What only lacks a token may be a browser at the console: the form and its looks are open, the pages are to a session.
    if reason == NO_TOKEN {
        let door = Door::of(request.method(), request.uri().path());
        if door == Door::Open || door == Door::Page && sign_in::is_signed_in(&state, request.headers()) {
            return next.run(request).await;
        }
        if door == Door::Page && is_browser(request.headers()) {
            return sign_in::ask(request.uri());
        }
    }
    state.metrics.auth_failures_total.with_label_values(&[reason]).inc();
    // The body is left unread: a stranger's megabytes are not worth the time.
    refusal.closing().into_response()
}

/// Label of a request that lacks nothing but a token.
const NO_TOKEN: &str = "token";

/// What stands behind an address for somebody without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The form to sign in, and the console's own files: they hold nothing of any draft.
    Open,
    /// A page to look at.
    Page,
    /// Everything else, all writing included: only a token in the header opens it, which no browser sends by itself.
    Token,
}

impl Door {
    fn of(method: &Method, path: &str) -> Self {
        let is_looking = matches!(*method, Method::GET | Method::HEAD);
        match path {
            sign_in::SIGN_IN if is_looking || *method == Method::POST => Self::Open,
            sign_in::SIGN_OUT if *method == Method::POST => Self::Open,
            _ if is_looking && path.starts_with(ASSETS_PREFIX) => Self::Open,
            "/" if is_looking => Self::Page,
            _ if is_looking && (path.starts_with("/queues/") || path.starts_with("/items/")) => Self::Page,
            _ => Self::Token,
        }
    }
}

/// Somebody looks at pages, and did not offer a wrong token.
fn is_browser(headers: &HeaderMap) -> bool {
    let wants_html = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    // The overview asks for itself again and again to stay fresh, with whatever Accept a script sends.
    let refreshes = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "cors" || mode == "same-origin");
    (wants_html || refreshes) && !headers.contains_key(header::AUTHORIZATION)
}

fn check(tokens: &Tokens, method: &Method, headers: &HeaderMap, path: &str) -> Result<(), (&'static str, Refusal)> {
    let host = host(headers);
    if tokens.is_empty() && !host.as_deref().is_some_and(is_loopback_name) {
        // A page of another site whose name was pointed at 127.0.0.1 still sends its own name.
        let detail = "without tokens this server answers only to 127.0.0.1, [::1] and localhost";
        return Err(("host", Refusal::new(StatusCode::MISDIRECTED_REQUEST, "主机名不符", detail).at("Host")));
    }
    if is_cross_site(method, headers, host.as_deref(), path) {
        return Err(("origin", Refusal::new(StatusCode::FORBIDDEN, "不接受其他网站发来的请求", "cross-site request").at("Origin")));
    }
    if !tokens.is_empty() {
        let offered = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()));
        if !offered.is_some_and(|offered| tokens.accept(offered)) {
            let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "需要令牌", "send Authorization: Bearer with a valid token");
            return Err((NO_TOKEN, refusal.at("Authorization")));
        }
    }
    Ok(())
}

/// The one Host header, without user information.
fn host(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::HOST).iter();
    let value = values.next()?.to_str().ok()?;
    let single = values.next().is_none() && !value.contains('@');
    single.then(|| value.to_ascii_lowercase())
}

fn is_loopback_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A browser acting for another site. Following a link to a page of the console is not: nobody can read the answer.
fn is_cross_site(method: &Method, headers: &HeaderMap, host: Option<&str>, path: &str) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if let Some(origin) = headers.get(header::ORIGIN) {
        // Our pages send no referrer, and a form on them then says `null` for where it comes from; that it is ours is told
        // by a header that no page can write.
        let is_own_form = origin == "null" && site == Some("same-origin");
        let own = is_own_form
            || origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, authority)| {
                let authority = authority.to_ascii_lowercase();
                Some(authority.as_str()) == host
            });
        if !own {
            return true;
        }
    }
    let foreign = matches!(site, Some("cross-site" | "same-site"));
    let is_page = matches!(*method, Method::GET | Method::HEAD) && !path.starts_with("/v1/") && path != "/metrics";
    foreign && !is_page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().expect("value"))).collect()
    }

    fn verdict(tokens: &Tokens, method: Method, path: &str, pairs: &[(&'static str, &str)]) -> &'static str {
        check(tokens, &method, &with(pairs), path).map_or_else(|(reason, _)| reason, |()| "ok")
    }

    #[test]
    fn without_tokens_only_names_of_this_machine_are_answered() {
        let none = Tokens::default();
        for host in ["127.0.0.1:8080", "127.0.0.2", "localhost", "LOCALHOST:1", "[::1]:8080"] {
            assert_eq!(verdict(&none, Method::GET, "/", &[("host", host)]), "ok", "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "a@127.0.0.1", "", "[::2]", "localhost.evil"] {
            assert_eq!(verdict(&none, Method::GET, "/", &[("host", host)]), "host", "{host}");
        }
        assert_eq!(verdict(&none, Method::GET, "/", &[]), "host");
        let mut two = with(&[("host", "localhost")]);
        two.append(header::HOST, "evil.example".parse().expect("value"));
        assert!(check(&none, &Method::GET, &two, "/").is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let none = Tokens::default();
        let host = ("host", "127.0.0.1:8080");
        let post = |pairs: &[(&'static str, &str)]| verdict(&none, Method::POST, "/v1/drafts", &[&[host], pairs].concat());
        assert_eq!(post(&[]), "ok");
        assert_eq!(post(&[("origin", "http://127.0.0.1:8080")]), "ok");
        let null = ("origin", "null");
        assert_eq!(post(&[null, ("sec-fetch-site", "same-origin")]), "ok");
        for site in ["cross-site", "same-site", "none", "SAME-ORIGIN"] {
            assert_eq!(post(&[null, ("sec-fetch-site", site)]), "origin", "{site}");
        }
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8081", "http://localhost:8080", ""] {
            assert_eq!(post(&[("origin", origin)]), "origin", "{origin}");
        }
        assert_eq!(post(&[("sec-fetch-site", "cross-site")]), "origin");
        assert_eq!(verdict(&none, Method::GET, "/v1/queues", &[host, ("sec-fetch-site", "cross-site")]), "origin");
        assert_eq!(verdict(&none, Method::GET, "/", &[host, ("sec-fetch-site", "cross-site")]), "ok");
        assert_eq!(verdict(&none, Method::GET, "/", &[host, ("sec-fetch-site", "none")]), "ok");
    }

    #[test]
    fn without_a_token_only_the_form_and_its_looks_are_open_and_a_session_opens_pages_only() {
        for (method, path, door) in [
            (Method::GET, "/login", Door::Open),
            (Method::POST, "/login", Door::Open),
            (Method::POST, "/logout", Door::Open),
            (Method::GET, "/logout", Door::Token),
            (Method::GET, "/assets/console-0.css", Door::Open),
            (Method::POST, "/assets/console-0.css", Door::Token),
            (Method::GET, "/", Door::Page),
            (Method::HEAD, "/queues/ad", Door::Page),
            (Method::GET, "/items/u/a/1", Door::Page),
            (Method::POST, "/items/u/a/1", Door::Token),
            (Method::DELETE, "/", Door::Token),
            (Method::GET, "/v1/queues", Door::Token),
            (Method::POST, "/v1/drafts", Door::Token),
            (Method::GET, "/metrics", Door::Token),
            (Method::GET, "/readyz", Door::Token),
            (Method::GET, "/nowhere", Door::Token),
        ] {
            assert_eq!(Door::of(&method, path), door, "{method} {path}");
        }
    }

    #[test]
    fn a_token_file_must_be_private_and_hold_real_tokens() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("tokens");
        let write = |text: &str, mode: u32| {
            std::fs::write(&file, text).expect("writes");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("sets");
            Tokens::read(&file)
        };
        let (one, two) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        let good = format!("# comment\n{one}\r\n\n{two}\n");
        let tokens = write(&good, 0o600).unwrap_or_else(|error| panic!("{error}"));
        assert!(tokens.accept(one) && tokens.accept(two));
        for wrong in ["", "# comment", "0123456789abcdef0123456789abcdee", &good] {
            assert!(!tokens.accept(wrong), "{wrong}");
        }
        for mode in [0o644, 0o640, 0o660, 0o601] {
            assert!(write(&good, mode).is_err_and(|error| error.contains("0600")), "{mode:o}");
        }
        for bad in ["", "# nothing", "short", "0123456789abcdef 0123456789abcdef"] {
            assert!(write(bad, 0o600).is_err(), "{bad}");
        }
        assert_eq!(verdict(&tokens, Method::GET, "/v1/queues", &[("authorization", &format!("Bearer {one}"))]), "ok");
        assert_eq!(verdict(&tokens, Method::GET, "/v1/queues", &[("authorization", &format!("Basic {one}"))]), "token");
        assert_eq!(verdict(&tokens, Method::GET, "/metrics", &[]), "token");
    }
}
