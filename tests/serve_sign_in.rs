//! Signing in at the console with the real binary: what the cookie opens, what it does not, and who is kept out.

#![allow(clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use support::{Server, Setup, draft, eventually};

/// A server with one token, and that token.
fn start_with_token(folder: &std::path::Path) -> (Server, &'static str) {
    let token = "0123456789abcdef0123456789abcdef";
    let file = folder.join("tokens");
    std::fs::write(&file, format!("{token}\n")).expect("writes");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("sets");
    let setup = Setup { config: format!("[http]\ntoken_file = \"{}\"\n", file.display()), ..Setup::default() };
    let server = Server::spawn(folder, &setup).unwrap_or_else(|(_, log)| panic!("{log}"));
    let bearer = format!("Bearer {token}");
    eventually("ready", || {
        (server.client().request("GET", "/readyz", &[("authorization", &bearer)], b"").ok()?.status == 200).then_some(())
    });
    (server, token)
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml");

fn browse(server: &Server, path: &str, headers: &[(&str, &str)]) -> support::Answer {
    server.client().request("GET", path, &[&[BROWSER], headers].concat(), b"").expect("an answer")
}

fn type_token(server: &Server, token: &str, to: &str, headers: &[(&str, &str)]) -> support::Answer {
    let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("to", to).append_pair("token", token).finish();
    let headers = [&[BROWSER, ("content-type", "application/x-www-form-urlencoded")], headers].concat();
    server.client().request("POST", "/login", &headers, form.as_bytes()).expect("an answer")
}

#[test]
fn a_browser_signs_in_once_looks_at_pages_and_signs_out() {
    let folder = tempfile::tempdir().expect("folder");
    let (server, token) = start_with_token(folder.path());
    let bearer = format!("Bearer {token}");
    let taken = server.client().request("POST", "/v1/drafts", &[("authorization", &bearer)], draft("a/1", 1, 10).to_string().as_bytes());
    assert_eq!(taken.expect("an answer").status, 202);
    // Asked for a page, a browser is shown the form and comes back to the page.
    let asked = browse(&server, "/items/cs-xian/a%2F1/1", &[]);
    let form_address = asked.header("location").expect("a place").to_owned();
    assert_eq!((asked.status, &*form_address), (303, "/login?to=%2Fitems%2Fcs-xian%2Fa%252F1%2F1"));
    let form = browse(&server, &form_address, &[]);
    assert_eq!(form.status, 200);
    assert!(form.text().contains("value=\"/items/cs-xian/a%2F1/1\"") && form.header("content-security-policy").is_some());
    let style = form.text().split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".css")).map(str::to_owned);
    assert_eq!(browse(&server, &style.expect("a style sheet"), &[]).status, 200);

    let signed_in =
        type_token(&server, &format!(" {token}\n"), "/items/cs-xian/a%2F1/1", &[("origin", &format!("http://{}", server.address))]);
    assert_eq!((signed_in.status, signed_in.header("cache-control")), (303, Some("no-store")));
    let cookie = signed_in.header("set-cookie").expect("a cookie").to_owned();
    for part in ["__Host-xianshen=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=28800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains(token));
    let own = cookie.split(';').next().expect("a pair").to_owned();
    let session = [("cookie", &*own)];
    let done = browse(&server, signed_in.header("location").expect("a place"), &session);
    assert_eq!((done.status, done.header("location")), (303, Some("/items/cs-xian/a%2F1/1")));
    for page in ["/", "/queues/routine", "/items/cs-xian/a%2F1/1"] {
        let answer = browse(&server, page, &session);
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.text().contains("action=\"/logout\""), "{page}");
    }
    // The cookie opens pages to look at, and nothing else.
    for (method, path) in [
        ("GET", "/v1/queues"),
        ("GET", "/v1/drafts/x"),
        ("POST", "/v1/drafts"),
        ("POST", "/v1/check"),
        ("GET", "/metrics"),
        ("GET", "/readyz"),
        ("POST", "/items/cs-xian/a%2F1/1"),
    ] {
        let answer = server.client().request(method, path, &[&[BROWSER], &session[..]].concat(), b"").expect("an answer");
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    // Signing in again is a new session, and the old one is over.
    let again = type_token(&server, token, "//evil.example/", &session);
    assert_eq!(again.header("location"), Some("/login?done=1&to=%2F"), "the form leads nowhere else");
    assert_eq!(browse(&server, "/", &session).status, 303);
    let newer = again.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    assert_eq!(browse(&server, "/", &[("cookie", &newer)]).status, 200);

    let out = server.client().request("POST", "/logout", &[BROWSER, ("cookie", &newer)], b"").expect("an answer");
    assert!(out.status == 303 && out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(browse(&server, "/", &[("cookie", &newer)]).status, 303, "the cookie is worth nothing any more");
    assert!(browse(&server, "/login?done=1&to=%2F", &[]).text().contains("HTTPS"), "a cookie that was not kept is explained");
    let log = server.log();
    assert!(!log.contains(token) && !log.contains(own.split('=').nth(1).expect("an identifier")), "{log}");
}

#[test]
fn wrong_tokens_are_few_and_other_sites_cannot_type_one() {
    let folder = tempfile::tempdir().expect("folder");
    let (server, token) = start_with_token(folder.path());
    for headers in
        [[("origin", "http://evil.example"), BROWSER], [("sec-fetch-site", "cross-site"), BROWSER], [("origin", "null"), BROWSER]]
    {
        assert_eq!(type_token(&server, token, "/", &headers).status, 403);
    }
    assert_eq!(type_token(&server, token, "/", &[("origin", "null"), ("sec-fetch-site", "same-origin")]).status, 303);
    let megabyte = "a".repeat(1 << 20);
    assert_eq!(type_token(&server, &megabyte, "/", &[]).status, 413, "and no attempt is spent");
    let long = "a".repeat(2_000);
    for wrong in ["wrong", "", &long, "\0", "０１２３"] {
        let answer = type_token(&server, wrong, "/items/u/a/1", &[]);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{}", wrong.len());
        assert!(answer.text().contains("令牌不对") && answer.text().contains("value=\"/items/u/a/1\""));
        assert!(wrong.is_empty() || !answer.text().contains(wrong), "what was typed is not shown again");
    }
    let answer = type_token(&server, token, "/", &[]);
    assert_eq!((answer.status, answer.header("set-cookie")), (429, None), "even the right one waits");
    let seconds: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=180).contains(&seconds) && answer.text().contains("分钟后再试"));
    // A machine with a token in the header is not kept out, nor is a page answered otherwise to it than before.
    let bearer = format!("Bearer {token}");
    let metrics = server.client().request("GET", "/metrics", &[("authorization", &bearer)], b"").expect("an answer").text();
    assert!(
        metrics.contains("xianshen_auth_failures_total{reason=\"login\"} 5") && metrics.contains("{reason=\"attempts\"} 1"),
        "{metrics}"
    );
    let wrong = server.client().request("GET", "/", &[BROWSER, ("authorization", "Bearer wrong")], b"").expect("an answer");
    assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some("Bearer")));
}

#[test]
fn without_tokens_nobody_is_asked_to_sign_in() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start(folder.path());
    assert_eq!(browse(&server, "/", &[]).status, 200);
    let form = browse(&server, "/login?to=%2Fqueues%2Fad", &[]);
    assert_eq!((form.status, form.header("location")), (303, Some("/queues/ad")));
    assert!(!browse(&server, "/", &[]).text().contains("/logout"));
}
