//! Every route of the daemon and every way it refuses, driven over HTTP against the real binary.

#![allow(clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use support::{Answer, Client, Server, Setup, draft, eventually};

/// A server with everything at its default, and the folder it lives in.
fn start() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("folder");
    (Server::start(folder.path()), folder)
}

fn assert_problem(answer: &Answer, status: u16, path: Option<&str>) {
    let body = answer.json();
    assert_eq!((answer.status, body["path"].as_str()), (status, path), "{body}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{body}");
    let title = body["title"].as_str().expect("a title");
    assert!(title.chars().any(|c| ('一'..='龥').contains(&c)) && !body["detail"].as_str().expect("a detail").is_empty(), "{body}");
    if matches!(status, 429 | 503) {
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "{body}");
    }
}

#[test]
fn a_draft_goes_in_is_judged_and_stands_in_its_queue() {
    let (server, _folder) = start();
    let mut client = server.client();
    let sent = draft("route-1", 1, 100);
    let accepted = client.post_json("/v1/drafts", &sent);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let body = accepted.json();
    assert_eq!(body["location"], "/v1/drafts/route-1?unit=cs-xian");
    assert_eq!((&body["unit"], &body["id"], &body["revision"]), (&sent["unit"], &sent["id"], &sent["revision"]));
    let item = eventually("a verdict", || {
        let item = server.client().get("/v1/drafts/route-1?unit=cs-xian").json();
        (item["revisions"][0]["state"] == "screened").then_some(item)
    });
    assert_eq!(item["current_revision"], 1);
    assert!(item["revisions"][0]["received_at"].as_str().expect("a time").ends_with("+08:00"));
    assert!(item.get("older_revisions").is_none());

    // The stored verdict is what a check of the same draft says.
    let checked = client.post_json("/v1/check", &sent);
    assert_eq!((checked.status, &checked.json()), (200, &item["revisions"][0]["verdict"]));
    let verdict = checked.json();
    assert_eq!((&verdict["content_hash"], &verdict["as_of"]), (&body["content_hash"], &json!("2026-11-23")));
    assert_eq!(verdict["ruleset"], server.ruleset());

    let queue = verdict["queue"].as_str().expect("a queue");
    let listed = eventually("the item in its queue", || {
        let page = server.client().get(&format!("/v1/queues/{queue}/items?limit=200")).json();
        page["items"].as_array().expect("items").iter().find(|item| item["id"] == "route-1").cloned()
    });
    for key in ["unit", "account", "platform", "kind"] {
        assert_eq!(listed[key], sent[key], "{key}");
    }
    assert_eq!((&listed["level"], &listed["blocked"]), (&verdict["level"], &verdict["blocked"]));
    let count = |severity: &str| verdict["findings"].as_array().expect("findings").iter().filter(|f| f["severity"] == severity).count();
    for severity in ["S0", "S1", "S2", "S3"] {
        assert_eq!(listed["findings"][severity], count(severity), "{severity}");
    }
    let queues = server.client().get("/v1/queues").json();
    let queues = queues.as_array().expect("queues");
    assert_eq!(queues.len(), 10);
    let own = queues.iter().find(|q| q["queue"] == queue).expect("own queue");
    assert!(own["items"].as_u64().expect("items") >= 1 && own["oldest_seconds"].is_u64());

    let again = client.post("/v1/drafts/route-1/rejudge?unit=cs-xian", b"");
    assert_eq!((again.status, &again.json()["revision"]), (202, &json!(1)));
    assert_problem(&client.post("/v1/drafts/nobody/rejudge", b""), 404, Some("id"));
    let asked = client.post(&format!("/v1/queues/{queue}/rejudge"), b"");
    assert!(asked.status == 202 && asked.json()["items"].as_u64().expect("items") >= 1, "{}", asked.text());
    server.wait_until_screened();
    let after = server.client().get("/v1/drafts/route-1").json();
    assert_eq!(after["revisions"], item["revisions"], "the same rules give the same bytes");
}

#[test]
fn revisions_conflicts_and_repeats_follow_the_table() {
    let (server, _folder) = start();
    let mut client = server.client();
    let mut send = |revision: u64, body: &str| {
        let mut sent = draft("rev-1", revision, 10);
        sent["body"] = body.into();
        client.post_json("/v1/drafts", &sent)
    };
    let first = send(2, "第二版");
    assert_eq!(first.status, 202);
    let repeat = send(2, "第二版");
    assert_eq!((repeat.status, repeat.body), (202, first.body), "the same 202");
    assert_problem(&send(2, "不是第二版"), 409, Some("revision"));
    assert_eq!(send(1, "第一版").status, 202);
    assert_eq!(send(5, "第五版").status, 202);
    server.wait_until_screened();
    let item = server.client().get("/v1/drafts/rev-1").json();
    assert_eq!(item["current_revision"], 5);
    let states: Vec<_> =
        item["revisions"].as_array().expect("revisions").iter().map(|r| (r["revision"].clone(), r["state"].clone())).collect();
    let expected = [(1, "superseded"), (2, "superseded"), (5, "screened")].map(|(r, s)| (json!(r), json!(s)));
    assert_eq!(states, expected);
    let queue = item["revisions"][2]["verdict"]["queue"].as_str().expect("a queue").to_owned();
    let page = server.client().get(&format!("/v1/queues/{queue}/items?limit=200")).json();
    let waiting: Vec<_> =
        page["items"].as_array().expect("items").iter().filter(|i| i["id"] == "rev-1").map(|i| i["revision"].clone()).collect();
    assert_eq!(waiting, [json!(5)]);
}

#[test]
fn the_unit_may_be_left_out_while_the_id_is_unique() {
    let (server, _folder) = start();
    let mut client = server.client();
    let mut sent = draft("same-id", 1, 10);
    assert_eq!(client.post_json("/v1/drafts", &sent).status, 202);
    assert_eq!(client.get("/v1/drafts/same-id").json()["unit"], "cs-xian");
    sent["unit"] = "另一个县".into();
    assert_eq!(client.post_json("/v1/drafts", &sent).status, 202);
    assert_problem(&client.get("/v1/drafts/same-id"), 409, Some("unit"));
    assert_problem(&client.post("/v1/drafts/same-id/rejudge", b""), 409, Some("unit"));
    let other = client.get("/v1/drafts/same-id?unit=%E5%8F%A6%E4%B8%80%E4%B8%AA%E5%8E%BF");
    assert_eq!((other.status, &other.json()["unit"]), (200, &json!("另一个县")));
    assert_problem(&client.get("/v1/drafts/same-id?unit=nobody"), 404, Some("id"));
    assert_problem(&client.get("/v1/drafts/nobody"), 404, Some("id"));
}

#[test]
fn strange_ids_come_back_as_they_went_in_and_bad_ones_are_refused() {
    let (server, _folder) = start();
    let mut client = server.client();
    for id in ["../../etc/passwd", "' OR 1=1--", "a/b?c=d&e#f", "%00", "稿件😀", "a b", "..", "\u{202e}x"] {
        let accepted = client.post_json("/v1/drafts", &draft(id, 1, 10));
        assert_eq!(accepted.status, 202, "{id}");
        let location = accepted.json()["location"].as_str().expect("a location").to_owned();
        assert_eq!(accepted.header("location"), Some(location.as_str()));
        let item = client.get(&location);
        assert_eq!((item.status, &item.json()["id"]), (200, &json!(id)), "{location}");
    }
    let long = "长".repeat(129);
    for id in ["", "a\nb", "\u{0}", "\u{7f}", long.as_str()] {
        assert_problem(&client.post_json("/v1/drafts", &draft(id, 1, 10)), 422, Some("id"));
    }
    assert_eq!(client.post_json("/v1/drafts", &draft(&"长".repeat(128), 1, 10)).status, 202);
    assert_problem(&client.get("/v1/drafts/%ff"), 400, Some("path"));
}

#[test]
fn what_is_not_a_draft_is_refused_with_the_path_and_without_its_text() {
    let (server, _folder) = start();
    let mut client = server.client();
    let secret = "这句话不得外泄";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = draft("bad", 1, 10);
        change(&mut value);
        value
    };
    for (path, value) in [
        ("nonsense", with(&|d| d["nonsense"] = secret.into())),
        ("images[0].name", with(&|d| d["images"] = json!([{"alt": secret}]))),
        ("kind", with(&|d| d["kind"] = secret.into())),
        ("revision", with(&|d| d["revision"] = 0.into())),
        ("revision", with(&|d| d["revision"] = (-1).into())),
        ("revision", with(&|d| d["revision"] = json!(1.5))),
        ("revision", with(&|d| d["revision"] = json!(9_223_372_036_854_775_808_u64))),
        ("revision", with(&|d| d["revision"] = secret.into())),
        ("as_of", with(&|d| d["as_of"] = "2026-02-30".into())),
        ("unit", with(&|d| d["unit"] = "长".repeat(65).into())),
        ("body", with(&|d| drop(d.as_object_mut().expect("object").remove("body")))),
    ] {
        for route in ["/v1/drafts", "/v1/check"] {
            let answer = client.post_json(route, &value);
            assert_problem(&answer, 422, Some(path));
            assert!(!answer.text().contains(secret));
        }
    }
    let plain = draft("bad", 1, 10).to_string();
    let mut bom = vec![0xef, 0xbb, 0xbf];
    bom.extend_from_slice(plain.as_bytes());
    let gbk = [br#"{"unit":""#.as_slice(), &[0xc4, 0xab, 0xbd, 0xad], br#""}"#].concat();
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 11] =
        [b"", b"{", b"nonsense", b"{}x", b"NaN", b"{\"unit\":1e999}", b"{\"unit\":\"\\ud800\"}", &bom, &gbk, &utf16, deep.as_bytes()];
    for body in bodies {
        let answer = client.post("/v1/drafts", body);
        assert!(matches!(answer.status, 400 | 422), "{} for {:?}", answer.text(), body.iter().take(20).collect::<Vec<_>>());
        assert_problem(&answer, answer.status, answer.json()["path"].as_str());
    }
    assert_problem(&client.post("/v1/drafts", b"{"), 400, Some("."));
    let zipped = client.request("POST", "/v1/drafts", &[("content-encoding", "gzip")], b"\x1f\x8b").expect("an answer");
    assert_problem(&zipped, 415, Some("Content-Encoding"));
}

#[test]
fn wrong_addresses_methods_and_parameters_are_refused() {
    let (server, _folder) = start();
    let mut client = server.client();
    assert_problem(&client.get("/v2"), 404, None);
    assert_problem(&client.get("/v1/queues/nonsense/items"), 404, Some("queue"));
    assert_problem(&client.post("/v1/queues/nonsense/rejudge", b""), 404, Some("queue"));
    assert_problem(&client.get("/v1/drafts"), 405, None);
    assert_problem(&client.request("DELETE", "/v1/queues", &[], b"").expect("an answer"), 405, None);
    for (query, path) in [
        ("limit=x", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e9", "limit"),
        ("after=x", "after"),
        ("after=c", "after"),
        ("after=cffffffffffffffffff", "after"),
        ("sort=title", "sort"),
        ("limit=1&limit=2", "limit"),
    ] {
        assert_problem(&client.get(&format!("/v1/queues/routine/items?{query}")), 400, Some(path));
    }
    // Numbers out of range are held within it.
    for query in ["limit=-1", "limit=0", "limit=1000000000", "limit=99999999999999999999", "", "limit=&after="] {
        assert_eq!(client.get(&format!("/v1/queues/routine/items?{query}")).status, 200, "{query}");
    }
}

#[test]
fn a_queue_is_read_page_by_page_without_gap_or_repeat() {
    let (server, _folder) = start();
    let mut client = server.client();
    for number in 0..23 {
        assert_eq!(client.post_json("/v1/drafts", &draft(&format!("page-{number:02}"), 1, 10)).status, 202);
    }
    server.wait_until_screened();
    let queue = client.get("/v1/drafts/page-00").json()["revisions"][0]["verdict"]["queue"].as_str().expect("a queue").to_owned();
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("/v1/queues/{queue}/items?limit=5&after={after}")).json();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 5);
        seen.extend(items.iter().map(|item| item["id"].as_str().expect("id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (0..23).map(|n| format!("page-{n:02}")).collect::<Vec<_>>(), "oldest first");
}

#[test]
fn titles_of_the_queue_secrecy_are_not_listed() {
    let (mut server, folder) = start();
    assert_eq!(server.client().post_json("/v1/drafts", &draft("s-1", 1, 10)).status, 202);
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    // Whatever the rules say of this draft, from here on it is one for the secrecy officer.
    let file = rusqlite::Connection::open(folder.path().join("data/xianshen.db")).expect("opens");
    file.execute("UPDATE review_item SET queue = 'secrecy'", []).expect("sets");
    drop(file);
    let server = Server::start(folder.path());
    let listed = server.client().get("/v1/queues/secrecy/items");
    assert_eq!(listed.json()["items"][0]["title"], "（保密稿件）");
    assert!(!listed.text().contains("秋收"));
}

#[test]
fn bodies_over_the_limit_are_refused_and_read_away() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start_with(folder.path(), &Setup { config: "[http]\nbody_bytes_max = 100000\n".into(), ..Setup::default() });
    let mut fits = draft("big", 1, 10);
    let frame = fits.to_string().len() - fits["body"].as_str().expect("body").len();
    fits["body"] = "a".repeat(100_000 - frame).into();
    assert_eq!(fits.to_string().len(), 100_000);
    assert_eq!(server.client().post_json("/v1/drafts", &fits).status, 202);
    let too_large = vec![b'x'; 100_001];
    assert_problem(&server.client().post("/v1/drafts", &too_large), 413, None);
    assert_problem(&server.client().post("/v1/check", &vec![b'x'; 20_000_000]), 413, None);
    // Without a declared length, piece by piece.
    let mut client = server.client();
    client
        .send(format!("POST /v1/drafts HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n", server.address).as_bytes())
        .expect("sends");
    let piece = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    for _ in 0..4 {
        client.send(&piece).expect("sends");
    }
    client.send(b"0\r\n\r\n").expect("sends");
    assert_problem(&client.answer().expect("an answer"), 413, None);
    // Who asks before sending is told at once.
    let mut client = server.client();
    let head = format!("POST /v1/drafts HTTP/1.1\r\nhost: {}\r\ncontent-length: 9000000\r\nexpect: 100-continue\r\n\r\n", server.address);
    client.send(head.as_bytes()).expect("sends");
    assert_problem(&client.answer().expect("an answer"), 413, None);
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn slow_broken_and_ambiguous_requests_end_and_the_connection_with_them() {
    let folder = tempfile::tempdir().expect("folder");
    let config = "[http]\nbody_read_ms_max = 300\nheader_read_ms_max = 300\n".into();
    let server = Server::start_with(folder.path(), &Setup { config, ..Setup::default() });
    let head = format!("POST /v1/drafts HTTP/1.1\r\nhost: {}\r\n", server.address);
    // A body that drips.
    let mut client = server.client();
    client.send(format!("{head}content-length: 1000\r\n\r\n{{").as_bytes()).expect("sends");
    let answer = client.answer().expect("an answer");
    assert_problem(&answer, 408, None);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_closed());
    // Pieces without end.
    let mut client = server.client();
    client.send(format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n").as_bytes()).expect("sends");
    assert_eq!(client.answer().expect("an answer").status, 408);
    // A head that never ends, and one that never begins.
    for begun in ["POST /v1/drafts HT", ""] {
        let mut client = server.client();
        client.send(begun.as_bytes()).expect("sends");
        eventually("a closed connection", || client.is_closed().then_some(()));
    }
    // Lengths that contradict each other or mean nothing, and heads without end.
    let long = format!("{head}x: {}\r\n\r\n", "y".repeat(100_000));
    for bad in [
        format!("{head}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"),
        format!("{head}content-length: -1\r\n\r\n"),
        format!("{head}content-length: x\r\n\r\n"),
        format!("{head}transfer-encoding: gzip\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"),
        "nonsense\r\n\r\n".to_owned(),
        long,
    ] {
        let mut client = server.client();
        // The server may hang up while this is still being written.
        drop(client.send(bad.as_bytes()));
        match client.answer() {
            Ok(answer) => {
                assert!(matches!(answer.status, 400 | 408 | 431), "{} for {}", answer.status, bad.chars().take(120).collect::<String>())
            }
            Err(error) => assert!(
                matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset),
                "{error} for {}",
                bad.chars().take(120).collect::<String>()
            ),
        }
    }
    // Both kinds of length: the pieces count, and what follows them is not taken for part of the body.
    let mut client = server.client();
    client.send(format!("{head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n").as_bytes()).expect("sends");
    if let Ok(answer) = client.answer() {
        assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
    }
    // Two requests at once on one connection are answered in order.
    let mut client = server.client();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    client.send(format!("{}{}", get("/healthz"), get("/nowhere")).as_bytes()).expect("sends");
    assert_eq!((client.answer().expect("first").status, client.answer().expect("second").status), (200, 404));
    assert_eq!(server.client().get("/readyz").status, 200);
}

#[test]
fn too_many_connections_are_told_to_come_back() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start_with(folder.path(), &Setup { config: "[http]\nconnections_max = 4\n".into(), ..Setup::default() });
    let mut kept: Vec<Client> = Vec::new();
    eventually("four connections", || {
        let mut client = server.client();
        if client.request("GET", "/healthz", &[], b"").is_ok_and(|answer| answer.status == 200) {
            kept.push(client);
        }
        (kept.len() == 4).then_some(())
    });
    let mut refused = server.client();
    assert_problem(&refused.answer().expect("an answer without a question"), 503, None);
    assert!(refused.is_closed());
    kept.pop();
    eventually("room", || server.client().request("GET", "/healthz", &[], b"").ok().filter(|answer| answer.status == 200));
    assert!(kept.iter_mut().all(|client| client.get("/healthz").status == 200));
}

#[test]
fn running_out_of_file_descriptors_is_survived() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start_with(folder.path(), &Setup { shell: Some("ulimit -n 64"), ..Setup::default() });
    // More than the process can hold, fewer than the kernel lets wait.
    let crowd: Vec<_> = (0..100).filter_map(|_| Client::try_connect(server.address).ok()).collect();
    server.wait_for_log("Connections cannot be accepted at the moment");
    drop(crowd);
    eventually("recovery", || {
        let answer = Client::try_connect(server.address).ok()?.try_post("/v1/drafts", draft("fd", 1, 10).to_string().as_bytes()).ok()?;
        (answer.status == 202).then_some(())
    });
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn with_tokens_every_route_but_healthz_asks_for_one() {
    let folder = tempfile::tempdir().expect("folder");
    let token = "0123456789abcdef0123456789abcdef";
    let file = folder.path().join("tokens");
    std::fs::write(&file, format!("{token}\n")).expect("writes");
    let set_mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("sets");
    let setup = Setup { config: format!("[http]\ntoken_file = \"{}\"\n", file.display()), ..Setup::default() };
    set_mode(0o644);
    let Err((code, log)) = Server::spawn(folder.path(), &setup) else { panic!("an open token file was accepted") };
    assert!(code == Some(2) && log.contains("0600") && log.contains("http.token_file"), "{code:?} {log}");
    set_mode(0o600);
    let server = Server::spawn(folder.path(), &setup).unwrap_or_else(|(_, log)| panic!("{log}"));
    let mut client = server.client();
    assert_eq!(client.get("/healthz").status, 200);
    let bearer = format!("Bearer {token}");
    eventually("ready", || {
        (server.client().request("GET", "/readyz", &[("authorization", &bearer)], b"").ok()?.status == 200).then_some(())
    });
    for (method, path) in [
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/"),
        ("GET", "/v1/queues"),
        ("GET", "/v1/queues/routine/items"),
        ("GET", "/v1/drafts/x"),
        ("POST", "/v1/check"),
        ("POST", "/v1/drafts"),
        ("POST", "/v1/drafts/x/rejudge"),
        ("POST", "/v1/queues/routine/rejudge"),
        ("GET", "/nowhere"),
    ] {
        for wrong in ["", "Bearer wrong", "Basic 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"] {
            let headers: &[(&str, &str)] = if wrong.is_empty() { &[] } else { &[("authorization", wrong)] };
            let answer = server.client().request(method, path, headers, b"").expect("an answer");
            assert_problem(&answer, 401, Some("Authorization"));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        let answer = server.client().request(method, path, &[("authorization", &bearer)], b"").expect("an answer");
        assert_ne!(answer.status, 401, "{path}");
    }
    // With tokens the name of the host is free: a browser cannot be made to send the token.
    let named = server.client().request("GET", "/v1/queues", &[("host", "review.example"), ("authorization", &bearer)], b"");
    assert_eq!(named.expect("an answer").status, 200);
    assert!(!server.log().contains(token));
}

#[test]
fn other_sites_and_other_names_are_turned_away() {
    let (server, _folder) = start();
    let ask = |headers: &[(&str, &str)]| {
        let body = draft("cross", 1, 10).to_string();
        server.client().request("POST", "/v1/drafts", headers, body.as_bytes()).expect("an answer")
    };
    assert_problem(&ask(&[("host", "evil.example")]), 421, Some("Host"));
    for origin in ["http://evil.example", "null"] {
        assert_problem(&ask(&[("origin", origin)]), 403, Some("Origin"));
    }
    assert_problem(&ask(&[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")]), 403, Some("Origin"));
    assert_eq!(ask(&[("origin", &format!("http://{}", server.address))]).status, 202);
}

#[test]
fn what_cannot_be_started_says_why() {
    let folder = tempfile::tempdir().expect("folder");
    let refused = |config: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        match Server::spawn(folder.path(), &Setup { config: config.to_owned(), arguments, ..Setup::default() }) {
            Ok(_) => panic!("started with {config}"),
            Err((code, log)) => (code, log),
        }
    };
    let (code, log) = refused("[http]\nlisten = \"0.0.0.0:0\"\nbogus = 1\n", &[]);
    assert!(code == Some(2) && log.contains("http.bogus") && log.contains(":3"), "{code:?} {log}");
    for role in ["screen", "review"] {
        let (code, log) = refused("", &["--role", role]);
        assert!(code == Some(2) && log.contains("kafka.brokers") && log.contains("--brokers"), "{code:?} {log}");
    }
    let (code, log) = refused("[rules]\npolicy = \"/nonexistent/policy.toml\"\n", &[]);
    assert!(code == Some(2) && log.contains("rules.policy"), "{code:?} {log}");
    // A second process on the same data.
    let server = Server::start(folder.path());
    let (code, log) = refused("", &[]);
    assert!(code == Some(2) && log.contains("in use by another process"), "{code:?} {log}");
    // The port of another process. (`--listen` may be given once, so the address comes from the command line alone.)
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xianshen"))
        .args(["serve", "--listen", &server.address.to_string(), "--data"])
        .arg(folder.path().join("other"))
        .output()
        .expect("runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && log.contains("http.listen"), "{log}");
    // Beyond this machine without tokens.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xianshen"))
        .args(["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(folder.path().join("other"))
        .output()
        .expect("runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && log.contains("http.token_file"), "{log}");
}

#[test]
fn the_log_is_one_json_object_a_line_and_holds_no_text_of_drafts() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start_with(folder.path(), &Setup { config: "[log]\nlevel = \"debug\"\n".into(), ..Setup::default() });
    let mut client = server.client();
    let secret = "绝不能出现在日志里的一句话";
    let mut sent = draft("log\u{202e}\u{1f600}\"}", 1, 10);
    for field in ["title", "body", "account", "platform"] {
        sent[field] = format!("{secret}\u{1b}[31m\r\n{{\"level\":\"ERROR\"}}").into();
    }
    assert_eq!(client.post_json("/v1/drafts", &sent).status, 202);
    sent["body"] = secret.into();
    assert_eq!(client.post_json("/v1/drafts", &sent).status, 409);
    sent["nonsense"] = secret.into();
    assert_eq!(client.post_json("/v1/drafts", &sent).status, 422);
    let path: String = secret.bytes().map(|b| format!("%{b:02X}")).collect();
    assert_eq!(client.get(&format!("/{path}")).status, 404);
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    let log = server.log();
    assert!(log.lines().count() >= 4, "{log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|entry| entry["message"].is_string()), "{line}");
        assert!(!line.contains('\u{1b}'));
    }
    assert!(!log.contains("绝不能") && log.contains("sent again with other content"), "{log}");
}

#[test]
fn the_metrics_count_what_happens_and_their_labels_stay_few() {
    let (server, _folder) = start();
    let mut client = server.client();
    for number in 0..50 {
        let mut sent = draft(&format!("m-{number}"), 1, 10);
        sent["unit"] = format!("a\"}} evil {number}").into();
        assert_eq!(client.post_json("/v1/drafts", &sent).status, 202);
        assert_eq!(client.get(&format!("/nowhere/{number}")).status, 404);
        assert_eq!(client.request(&format!("ODD{number}"), "/v1/queues", &[], b"").expect("an answer").status, 405);
    }
    server.wait_until_screened();
    let text = client.get("/metrics").text();
    let value = |series: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("{series} "))).unwrap_or_else(|| panic!("no {series} in\n{text}"));
        line.rsplit(' ').next().expect("a value").parse().expect("a number")
    };
    assert_eq!(value("xianshen_input_records_total{result=\"current\",source=\"http\"}"), 50.0);
    assert_eq!(value("xianshen_http_requests_total{method=\"GET\",route=\"other\",status_class=\"4xx\"}"), 50.0);
    assert_eq!(value("xianshen_http_requests_total{method=\"other\",route=\"/v1/queues\",status_class=\"4xx\"}"), 50.0);
    let verdicts: f64 = text
        .lines()
        .filter(|l| l.starts_with("xianshen_verdicts_total{"))
        .map(|l| l.rsplit(' ').next().expect("value").parse::<f64>().expect("number"))
        .sum();
    assert_eq!(verdicts, 50.0);
    assert_eq!(value("xianshen_inbox_items"), 0.0);
    let waiting: f64 = text
        .lines()
        .filter(|l| l.starts_with("xianshen_review_queue_items{"))
        .map(|l| l.rsplit(' ').next().expect("value").parse::<f64>().expect("number"))
        .sum();
    assert_eq!(waiting, 50.0);
    assert!(text.contains(&format!("xianshen_ruleset_info{{ruleset=\"{}\"}} 1", server.ruleset())));
    assert!(!text.contains("evil") && text.lines().filter(|line| !line.starts_with('#')).count() <= 2_000);
}

#[test]
fn a_full_inbox_answers_429_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("folder");
    let config = "[store]\ninbox_items_max = 5\n[screening]\nworkers = 1\n".into();
    let server = Server::start_with(folder.path(), &Setup { config, ..Setup::default() });
    let threads: Vec<_> = (0..16)
        .map(|thread| {
            let address = server.address;
            std::thread::spawn(move || {
                let mut client = Client::connect(address);
                let mut outcomes = (0, 0);
                for number in 0..40 {
                    let answer = client.post_json("/v1/drafts", &draft(&format!("full-{thread}-{number}"), 1, 4_000));
                    match answer.status {
                        202 => outcomes.0 += 1,
                        429 => {
                            assert_problem(&answer, 429, None);
                            outcomes.1 += 1;
                        }
                        other => panic!("{other} {}", answer.text()),
                    }
                }
                outcomes
            })
        })
        .collect();
    let outcomes: Vec<(u64, u64)> = threads.into_iter().map(|thread| thread.join().expect("a client")).collect();
    let (accepted, refused) = outcomes.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
    server.wait_until_screened();
    let queues = server.client().get("/v1/queues").json();
    let items: u64 = queues.as_array().expect("queues").iter().map(|queue| queue["items"].as_u64().expect("items")).sum();
    assert_eq!(items, accepted);
}
