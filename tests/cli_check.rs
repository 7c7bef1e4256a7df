//! `xianshen check` as other programs see it: the real binary, its output, its exit status.
//! What the engine finds is the business of the cases; here a clean draft and an advertisement stand for all.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::string_slice)]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// An answer that takes longer than this does not come.
const ANSWER_SECONDS_MAX: u64 = 60;
/// The limit of a line or file, as documented.
const DRAFT_BYTES_MAX: usize = 10 << 20;

fn xianshen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xianshen"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS").env("TERM", "xterm-256color");
    command
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

fn run(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || {
        // A run that stops at bad usage does not read.
        stdin.write_all(&input).ok();
    });
    let output = child.wait_with_output().expect("the binary ends");
    feeding.join().expect("fed");
    Ran {
        code: output.status.code().expect("an exit status"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn check(args: &[&str], input: &[u8]) -> Ran {
    run(xianshen().arg("check").args(args), input)
}

fn draft(id: &str) -> Value {
    json!({"unit": "u", "id": id, "revision": 1, "account": "示例", "platform": "微信公众号", "kind": "original", "format": "text",
        "title": "关于开展义务植树活动的通知", "body": "定于明日上午在县城北山开展义务植树活动，请各单位准时参加。", "as_of": "2026-11-23"})
}

fn lines(drafts: impl IntoIterator<Item = Value>) -> Vec<u8> {
    drafts.into_iter().map(|draft| format!("{draft}\n")).collect::<String>().into_bytes()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, content).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// The exit status that the verdicts themselves ask for.
fn status_of(verdicts: &[Value], fail_on: &str) -> i32 {
    let fails = |verdict: &Value| {
        let severe = verdict["findings"].as_array().is_some_and(|f| f.iter().any(|f| f["severity"].as_str().unwrap() >= fail_on));
        severe || verdict.get("undetermined").is_some()
    };
    match () {
        () if verdicts.iter().any(|verdict| verdict.get("error").is_some()) => 2,
        () if verdicts.iter().any(fails) => 1,
        () => 0,
    }
}

#[test]
fn one_verdict_a_line_in_the_order_of_the_drafts() {
    // Long and short ones in turn: they are done in another order than they came.
    let drafts = (0..400).map(|number| {
        let mut draft = draft(&format!("n{number}"));
        let times = if number % 7 == 0 { 2_000 } else { 1 };
        draft["body"] = "今天天气晴朗，适合出行。".repeat(times).into();
        draft
    });
    let ran = check(&["--format", "jsonl", "--jobs", "4", "-"], &lines(drafts));
    let ids: Vec<_> = ran.json_lines().iter().map(|verdict| verdict["id"].as_str().expect("a verdict").to_owned()).collect();
    assert_eq!(ids, (0..400).map(|number| format!("n{number}")).collect::<Vec<_>>());
    assert_eq!(ran.code, status_of(&ran.json_lines(), "S2"));
    assert_eq!(ran.err, "");
}

/// Everything wrong with it is in plain sight.
fn advertisement(id: &str) -> Value {
    let mut draft = draft(id);
    draft["title"] = "茶叶上新".into();
    draft["body"] = "各位茶友：\n上等普洱茶到货，加微信mojiangcha2024，量大从优。联系人手机13987654321。".into();
    draft
}

#[test]
fn the_exit_status_tells_a_clean_draft_from_an_advertisement() {
    let clean = check(&["--format", "jsonl", "--fail-on", "S1", "-"], &lines([draft("clean")]));
    assert_eq!((clean.code, clean.json_lines()[0]["blocked"].as_bool()), (0, Some(false)), "{}", clean.out);
    let mixed = check(&["--format", "jsonl", "--fail-on", "S3", "-"], &lines([draft("clean"), advertisement("ad")]));
    assert_eq!(mixed.code, 1, "{}", mixed.out);
    let verdict = &mixed.json_lines()[1];
    assert_eq!(verdict["blocked"], true);
    let finding = verdict["findings"].as_array().and_then(|f| f.iter().find(|f| f["code"] == "AD.CONTACT")).expect("the contact is found");
    let body: Vec<char> = advertisement("ad")["body"].as_str().expect("a body").chars().collect();
    let at = |key: &str| finding[key].as_u64().expect("an offset") as usize;
    assert_eq!(body[at("start")..at("end")].iter().collect::<String>(), finding["text"].as_str().expect("the slice"));
    // 2 beats 1.
    assert_eq!(check(&["--format", "jsonl", "-"], &[lines([advertisement("ad")]), b"{}\n".to_vec()].concat()).code, 2);
}

#[test]
fn people_see_the_sentence_the_hit_and_the_reason_but_no_personal_data() {
    let folder = folder();
    let name = file(&folder, "ad.json", advertisement("ad").to_string());
    let ran = check(&[&name, &file(&folder, "clean.json", draft("clean").to_string())], b"");
    assert!(ran.out.contains("上等普洱茶到货，加微信【") || ran.out.contains("上等普洱茶到货，【加微信"), "{}", ran.out);
    for part in ["✗ 茶叶上新", "阻断：照此不得发布", "原因　", "依据　墨政办发〔2024〕37号", "✓ 关于开展义务植树活动的通知", "共 2 篇："]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains("13987654321"), "{}", ran.out);
    assert_eq!(ran.code, 1);
}

#[test]
fn sarif_points_into_the_file_as_it_is() {
    let folder = folder();
    let mut draft = advertisement("ad");
    draft["body"] = format!("\\\"😀\n{}", draft["body"].as_str().expect("a body")).into();
    let text = format!("{}\n{draft}\n", self::draft("clean"));
    let ran = check(&["--format", "sarif", &file(&folder, "a.jsonl", &text)], b"");
    let log: Value = serde_json::from_str(&ran.out).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let result = results.iter().find(|result| result["ruleId"] == "AD.CONTACT").expect("the contact is found");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    let number = |key: &str| region[key].as_u64().expect("a number") as usize;
    let by_offset: String = text.chars().skip(number("charOffset")).take(number("charLength")).collect();
    assert_eq!(by_offset, result["properties"]["text"].as_str().expect("the slice"));
    let line: Vec<char> = text.lines().nth(number("startLine") - 1).expect("the line").chars().collect();
    assert_eq!(line[number("startColumn") - 1..number("endColumn") - 1].iter().collect::<String>(), by_offset);
    assert_eq!(result["level"], "error");
}

#[test]
fn a_verdict_has_every_key_of_the_contract() {
    let ran = check(&["--format", "jsonl", "-"], &lines([draft("a")]));
    let verdict = ran.json_lines().remove(0);
    for key in
        ["unit", "id", "revision", "verdict_id", "content_hash", "ruleset", "as_of", "queue", "level", "blocked", "findings", "suppressed"]
    {
        assert!(verdict.get(key).is_some(), "{key}");
    }
    assert_eq!(verdict["as_of"], "2026-11-23");
    assert_eq!(verdict["verdict_id"].as_str().map(str::len), Some(64));
    assert_eq!(verdict["ruleset"].as_str().map(str::len), Some(16));
    // The same draft again: the same bytes.
    assert_eq!(ran.out, check(&["--format", "jsonl", "-"], &lines([draft("a")])).out);
}

#[test]
fn a_bad_line_is_answered_in_its_place_and_the_rest_goes_on() {
    let mut no_name = draft("x");
    no_name["images"] = json!([{"alt": "图"}]);
    let mut unknown = draft("x");
    unknown["bodi"] = "正文".into();
    let long = "甲".repeat(200);
    let bad: Vec<(String, &str)> = vec![
        (no_name.to_string(), "images[0].name"),
        (unknown.to_string(), "bodi"),
        ("{\"unit\":".into(), "."),
        ("不是 JSON".into(), "."),
        (format!("{} {}", draft("x"), draft("y")), "."),
        (draft("x").to_string().replace("\"revision\":1", "\"revision\":1e999"), "."),
        (draft("x").to_string().replace("\"u\"", "\"\\ud800\""), "."),
        (draft("x").to_string().replace("\"u\"", &format!("\"{long}\"")), "unit"),
        ("[".repeat(100_000), "."),
    ];
    let mut input = Vec::new();
    for (line, _) in &bad {
        input.extend(format!("{line}\n{}\n\n", draft("good")).bytes());
    }
    let ran = check(&["--format", "jsonl", "-"], &input);
    let answers = ran.json_lines();
    assert_eq!(answers.len(), bad.len() * 2);
    for (number, ((line, path), pair)) in bad.iter().zip(answers.chunks(2)).enumerate() {
        let start: String = line.chars().take(60).collect();
        assert_eq!(pair[0]["line"], number * 3 + 1, "{start}: empty lines are counted and not answered");
        if *path != "." {
            assert_eq!(pair[0]["error"]["path"], *path, "{start}");
        }
        let reason = pair[0]["error"]["reason"].as_str().expect("a reason");
        assert!(!reason.is_empty() && !reason.contains("甲甲甲"), "{start}: {reason}");
        assert_eq!(pair[1]["id"], "good");
    }
    assert_eq!(ran.code, 2, "invalid input beats everything found");
}

#[test]
fn invalid_utf8_in_a_line_is_an_error_of_that_line() {
    let mut input = lines([draft("a")]);
    input.extend(b"{\"unit\":\"\xff\xfe\"}\n");
    input.extend(lines([draft("b")]));
    let answers = check(&["--format", "jsonl", "-"], &input).json_lines();
    assert_eq!((&answers[0]["id"], &answers[1]["line"], &answers[2]["id"]), (&json!("a"), &json!(2), &json!("b")));
    assert!(answers[1]["error"]["reason"].as_str().is_some_and(|reason| reason.contains("UTF-8")), "{}", answers[1]);
}

/// A running `check --format jsonl -` that is talked to line by line.
struct Conversation {
    child: Child,
    answers: mpsc::Receiver<String>,
}

impl Conversation {
    fn start() -> Self {
        let mut child = xianshen()
            .args(["check", "--format", "jsonl", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, answers) = mpsc::channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, answers }
    }

    fn say(&mut self, bytes: &[u8]) {
        let stdin = self.child.stdin.as_mut().expect("open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("it listens");
    }

    fn answer(&mut self) -> Value {
        let line = self.answers.recv_timeout(Duration::from_secs(ANSWER_SECONDS_MAX)).expect("an answer while the input is still open");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Most memory held so far, in bytes.
    fn memory_peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number") << 10
    }

    fn end(mut self) -> i32 {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends").code().expect("an exit status")
    }
}

#[test]
fn each_line_is_answered_while_the_input_stays_open() {
    let mut talk = Conversation::start();
    for number in 0..20 {
        talk.say(&lines([draft(&format!("n{number}"))]));
        assert_eq!(talk.answer()["id"], format!("n{number}"));
    }
    talk.say(b"{}\n");
    assert_eq!(talk.answer()["line"], 21);
    // Half a line is no line yet; its other half makes it one.
    let line = lines([draft("split")]);
    let (head, tail) = line.split_at(40);
    talk.say(head);
    talk.say(tail);
    assert_eq!(talk.answer()["id"], "split");
    assert_eq!(talk.end(), 2);
}

#[test]
fn a_line_over_the_limit_is_refused_without_being_held() {
    let mut talk = Conversation::start();
    talk.say(&lines([draft("before")]));
    assert_eq!(talk.answer()["id"], "before");
    let before = talk.memory_peak();
    let chunk = vec![b'a'; 1 << 20];
    for _ in 0..200 {
        talk.say(&chunk);
    }
    talk.say(b"\n");
    talk.say(&lines([draft("after")]));
    let refused = talk.answer();
    assert_eq!(refused["line"], 2);
    assert!(refused["error"]["reason"].as_str().is_some_and(|reason| reason.contains("too large")), "{refused}");
    assert_eq!(talk.answer()["id"], "after");
    let grown = talk.memory_peak() - before;
    assert!(grown < DRAFT_BYTES_MAX * 5, "{grown} bytes more were held for a line of 200 MiB");
    assert_eq!(talk.end(), 2);
}

#[test]
fn many_large_drafts_do_not_pile_up() {
    let mut large = draft("large");
    large["body"] = "今天天气晴朗，适合出行。\n".repeat(20_000).into();
    let line = lines([large]);
    let mut talk = Conversation::start();
    talk.say(&line);
    assert_eq!(talk.answer()["id"], "large");
    let before = talk.memory_peak();
    let mut stdin = talk.child.stdin.take().expect("open");
    let writing = std::thread::spawn(move || {
        (0..60).for_each(|_| stdin.write_all(&line).expect("it listens"));
        stdin
    });
    for _ in 0..60 {
        assert_eq!(talk.answer()["id"], "large");
    }
    // Open still: the process lives and can be looked at.
    talk.child.stdin = Some(writing.join().expect("written"));
    let grown = talk.memory_peak() - before;
    assert!(grown < 256 << 20, "{grown} bytes more were held for 60 drafts of about 700 KiB");
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly_and_not_with_success() {
    let mut child = xianshen()
        .args(["check", "--format", "jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    drop(child.stdout.take());
    // It ends while its input is still open.
    stdin.write_all(&lines((0..10).map(|number| draft(&number.to_string())))).expect("it listens");
    let status = child.wait().expect("it ends");
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
    assert_eq!((status.code(), &*err), (Some(2), ""));
    drop(stdin);
}

#[test]
fn files_are_told_by_their_endings_and_come_out_in_order() {
    let folder = folder();
    let mut names = vec![file(&folder, "00.jsonl", lines([draft("l1"), draft("l2")])), file(&folder, "01.json", draft("j").to_string())];
    for (number, ending) in ["html", "htm", "md", "txt", "TXT"].iter().cycle().take(40).enumerate() {
        names.push(file(&folder, &format!("{:02}.{ending}", number + 2), "<p>县图书馆本周六照常开放。</p>"));
    }
    let mut args =
        vec!["--format", "jsonl", "--unit", "某局", "--account", "某号", "--platform", "微博", "--kind", "reply", "--as-of", "2026-01-02"];
    args.extend(names.iter().map(String::as_str));
    let ran = check(&args, b"");
    let verdicts = ran.json_lines();
    let ids: Vec<&str> = verdicts.iter().map(|verdict| verdict["id"].as_str().expect("a verdict")).collect();
    let named = names.iter().skip(2).map(|name| Path::new(name).file_name().and_then(|name| name.to_str()).expect("UTF-8"));
    assert_eq!(ids, ["l1", "l2", "j"].into_iter().chain(named).collect::<Vec<_>>());
    assert_eq!(verdicts[0]["unit"], "u");
    assert_eq!(verdicts[0]["as_of"], "2026-11-23", "a draft's own date stands");
    assert_eq!(verdicts[5]["unit"], "某局");
    assert_eq!(verdicts[5]["as_of"], "2026-01-02");
    // The same fields and body with another format are another content.
    assert_ne!(verdicts[3]["content_hash"], verdicts[5]["content_hash"]);
    assert_eq!(verdicts[3]["content_hash"], verdicts[4]["content_hash"]);
    // Fields count: another title is another content.
    args.extend(["--title", "题"]);
    assert_ne!(check(&args, b"").json_lines()[3]["content_hash"], verdicts[3]["content_hash"]);
}

#[test]
fn a_byte_order_mark_is_dropped_and_other_encodings_are_refused_by_name() {
    let folder = folder();
    let body = "县图书馆本周六照常开放。";
    let plain = file(&folder, "a.txt", body);
    let marked_folder = tempfile::tempdir().expect("a folder");
    let marked = file(&marked_folder, "a.txt", format!("\u{feff}{body}"));
    let hash = |name: &str| check(&["--format", "json", "--as-of", "2026-11-23", name], b"").out;
    assert_eq!(hash(&plain), hash(&marked), "the mark is no part of the body");
    let json = file(&folder, "bom.json", format!("\u{feff}{}", draft("bom")));
    assert_ne!(check(&["--format", "json", &json], b"").code, 2);
    let utf16: Vec<u8> = format!("\u{feff}{body}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    // 县图书馆 in GBK.
    let gbk = b"\xcf\xd8\xcd\xbc\xca\xe9\xb9\xdd".to_vec();
    for (name, content, guess) in [
        ("gbk.txt", gbk.clone(), "GBK"),
        ("utf16.txt", utf16.clone(), "UTF-16LE"),
        ("gbk.json", gbk, "GBK"),
        ("utf16.jsonl", utf16, "UTF-16LE"),
    ] {
        let ran = check(&["--format", "jsonl", &file(&folder, name, content)], b"");
        let answers = ran.json_lines();
        assert_eq!((answers.len(), ran.code), (1, 2), "{name}");
        assert!(answers[0]["error"]["reason"].as_str().is_some_and(|reason| reason.contains(guess)), "{name}: {}", answers[0]);
    }
}

#[test]
fn bad_usage_and_unreadable_files_exit_with_2() {
    let folder = folder();
    let good = file(&folder, "good.json", draft("good").to_string());
    let unknown = file(&folder, "good.docx", "x");
    let absent = folder.path().join("absent.json");
    let absent = absent.to_str().expect("UTF-8");
    let directory = folder.path().join("folder.json");
    fs::create_dir(&directory).expect("a folder");
    let directory = directory.to_str().expect("UTF-8");
    let large = file(&folder, "large.txt", vec![b'a'; DRAFT_BYTES_MAX + 1]);
    for args in [
        &["--format", "xml", &good][..],
        &["--fail-on", "S4", &good],
        &["--as-of", "2026-13-01", &good],
        &["--as-of", "20261123", &good],
        &["--kind", "story", &good],
        &["--no-such-option", &good],
        &["-", "-"],
    ] {
        let ran = check(args, b"");
        assert_eq!((ran.code, &*ran.out), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
    for bad in [&*unknown, absent, directory, &large] {
        let ran = check(&["--format", "jsonl", bad, &good], b"");
        let answers = ran.json_lines();
        assert_eq!(ran.code, 2, "{bad}");
        assert_eq!(answers[0]["file"], bad);
        assert_eq!(answers[1]["id"], "good", "{bad}: the rest goes on");
        // For people the error is no result: it goes to standard error.
        let pretty = check(&[bad], b"");
        assert!(pretty.code == 2 && pretty.err.contains(bad) && !pretty.out.contains(bad), "{bad}: {}", pretty.err);
    }
    assert_eq!(run(&mut xianshen(), b"").code, 2);
    assert_eq!(run(xianshen().arg("--help"), b"").code, 0);
}

#[test]
fn rules_that_do_not_compile_or_cannot_be_read_exit_with_2() {
    let ran = check(&["--dictionaries", "/no/such/folder", "-"], &lines([draft("a")]));
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("/no/such/folder"), "{}", ran.err);
}

#[test]
fn fail_on_moves_the_exit_status_and_nothing_else() {
    let drafts = || lines([draft("a"), draft("b")]);
    let outputs: Vec<Ran> =
        ["S0", "S1", "S2", "S3"].iter().map(|level| check(&["--format", "jsonl", "--fail-on", level, "-"], &drafts())).collect();
    for (ran, level) in outputs.iter().zip(["S0", "S1", "S2", "S3"]) {
        assert_eq!(ran.code, status_of(&ran.json_lines(), level), "{level}");
        assert_eq!(ran.out, outputs[0].out);
    }
}

#[test]
fn json_is_one_verdict_for_one_draft_and_an_array_otherwise() {
    let folder = folder();
    let (one, two) = (file(&folder, "1.json", draft("a").to_string()), file(&folder, "2.json", "{}"));
    let single: Value = serde_json::from_str(&check(&["--format", "json", &one], b"").out).expect("JSON");
    assert_eq!(single["id"], "a");
    let array: Value = serde_json::from_str(&check(&["--format", "json", &one, &two], b"").out).expect("JSON");
    assert_eq!((&array[0]["id"], &array[1]["file"], array[1]["error"]["path"].is_string()), (&json!("a"), &json!(two), true));
    let none: Value = serde_json::from_str(&check(&["--format", "json", "-"], b"\n\n").out).expect("JSON");
    assert_eq!(none, json!([]));
}

#[test]
fn sarif_has_the_shape_of_a_log() {
    let folder = folder();
    let one = file(&folder, "稿 1.jsonl", [lines([draft("a")]), b"{}\n".to_vec()].concat());
    let ran = check(&["--format", "sarif", &one], b"");
    let log: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&log["version"], ran.code), (&json!("2.1.0"), 2));
    assert!(log["$schema"].as_str().is_some_and(|schema| schema.contains("sarif")));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "xianshen");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().map(Vec::len), Some(1));
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"].as_array().expect("rules").iter().map(|rule| &rule["id"]).collect();
    for result in run["results"].as_array().expect("results") {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().is_some_and(|uri| uri.ends_with("%E7%A8%BF%201.jsonl")), "{place}");
        assert_eq!(place["region"]["startLine"], 1);
    }
}

/// Runs with standard output and standard error on a terminal.
fn on_a_terminal(environment: &str, arguments: &str) -> String {
    let line = format!("{environment} exec '{}' {arguments}", env!("CARGO_BIN_EXE_xianshen"));
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh");
    let output = command.stdin(Stdio::null()).output().expect("`script` of bsdutils runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn colours_are_for_terminals_only() {
    let folder = folder();
    let name = file(&folder, "a.json", draft("a").to_string());
    assert!(!check(&[&name], b"").out.contains('\x1b'), "piped");
    assert!(check(&["--color", "always", &name], b"").out.contains('\x1b'), "asked for");
    assert!(on_a_terminal("", &format!("check '{name}'")).contains("\x1b["), "a terminal");
    for (environment, arguments) in [("NO_COLOR=1", "check"), ("TERM=dumb", "check"), ("", "check --color never")] {
        let shown = on_a_terminal(environment, &format!("{arguments} '{name}'"));
        assert!(shown.contains("义务植树") && !shown.contains("\x1b["), "{environment} {arguments}: {shown:?}");
    }
}

#[test]
fn nothing_of_a_draft_drives_the_terminal() {
    let folder = folder();
    let evil = "\x1b]0;改标题\x07\x1b[2J\u{9b}31m\u{202e}倒\u{2066}序\u{200b}\u{e0041}";
    let mut draft = draft("a");
    for key in ["title", "body", "account", "platform", "unit", "author", "subtitle"] {
        draft[key] = format!("加微信{evil}13800138000").into();
    }
    draft["unit"] = "u".into();
    draft["links"] = json!([{"label": evil, "url": format!("http://t.cn/{evil}")}]);
    draft["images"] = json!([{"name": evil, "alt": evil, "qr": evil}]);
    let name = file(&folder, "a.json", draft.to_string());
    let hostile = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2066}' | '\u{200b}' | '\u{e0041}'));
    for arguments in [&["--color", "never", &name][..], &["-v", &name]] {
        let ran = check(arguments, b"");
        assert!(!ran.out.chars().any(hostile), "{:?}", ran.out);
    }
    let explained = run(xianshen().args(["explain", &name]), b"");
    assert!(explained.code == 0 && !explained.out.chars().any(hostile), "{:?}", explained.out);
    for format in ["json", "jsonl", "sarif"] {
        let shown = on_a_terminal("", &format!("check --format {format} '{name}'")).replace("\r\n", "\n");
        assert!(shown.contains('{') && !shown.chars().any(hostile), "{format}: {shown:?}");
    }
    // A file name is text of somebody else, too.
    let ran = check(&["/no/such/\x1b[2J\u{202e}.json"], b"");
    assert!(ran.code == 2 && !ran.err.chars().any(hostile), "{:?}", ran.err);
}

#[test]
fn a_date_that_is_missing_is_today_in_shanghai_unless_given() {
    let mut undated = draft("a");
    undated.as_object_mut().expect("an object").remove("as_of");
    let given = check(&["--format", "jsonl", "--as-of", "2025-05-06", "-"], &lines([undated.clone()]));
    assert_eq!(given.json_lines()[0]["as_of"], "2025-05-06");
    let today = || jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date().to_string();
    let before = today();
    let ran = check(&["--format", "jsonl", "-"], &lines([undated]));
    let said = ran.json_lines()[0]["as_of"].as_str().expect("a date").to_owned();
    assert!([before, today()].contains(&said), "{said}");
}

#[test]
fn the_committed_schemas_are_current() {
    for shape in ["draft", "verdict", "finding"] {
        let ran = run(xianshen().args(["schema", shape]), b"");
        assert_eq!(ran.code, 0);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{shape}.json"));
        let committed = fs::read_to_string(&path).expect("a committed schema");
        assert_eq!(committed, ran.out, "refresh with: xianshen schema {shape} > docs/schema/{shape}.json");
    }
}

#[test]
fn options_for_bodies_are_pointed_out_where_they_do_nothing() {
    let ran = check(&["--format", "jsonl", "--title", "题", "-"], &lines([draft("a")]));
    assert!(ran.err.contains("--title"), "{}", ran.err);
    assert_eq!(ran.json_lines().len(), 1);
}

#[test]
fn the_version_names_engine_and_sqlite() {
    let ran = run(xianshen().arg("--version"), b"");
    assert!(
        ran.out.starts_with(&format!("xianshen {} (engine ", env!("CARGO_PKG_VERSION"))) && ran.out.contains("SQLite 3."),
        "{}",
        ran.out
    );
}
