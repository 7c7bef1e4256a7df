//! Drives the real binary: starts and stops it, speaks HTTP with it, reads its log. Shared by the `serve_*` tests.
//! Must not import anything of the crate: what is tested is what other programs see.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used, clippy::print_stdout)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Nothing here may take longer; a debug build on a busy machine takes its time.
pub const PATIENCE: Duration = Duration::from_secs(120);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Another process announces nothing that could be waited for.
#[expect(clippy::disallowed_methods, reason = "waits for another process")]
pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Waits until `holds` gives something; panics with `what` when it does not.
pub fn eventually<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(outcome) = holds() {
            return outcome;
        }
        assert!(Instant::now() < deadline, "this never came: {what}");
        pause(10);
    }
}

/// A test that cannot run here says so where it is seen.
pub fn skip(reason: &str) {
    println!("SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// How many rounds a test makes: `variable` of the environment, or the short number of everyday.
pub fn rounds(variable: &str, everyday: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(everyday)
}

/// Numbers that look random and are the same in every run.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A draft of about `bytes` bytes; nothing in it is from anywhere.
pub fn draft(id: &str, revision: u64, bytes: usize) -> Value {
    let sentence = format!("{id} 县里召开秋收调度会，安排晾晒和仓储。");
    json!({"unit": "cs-xian", "id": id, "revision": revision, "account": "测试县发布", "platform": "wechat", "kind": "original",
        "format": "text", "title": "秋收调度", "body": sentence.repeat(1 + bytes / sentence.len()), "as_of": "2026-11-23"})
}

/// Copies the shipped dictionaries, without the cases beside them, to a folder: how the daemon behaves must not hang on
/// a single word of them.
pub fn copy_dictionaries(to: &Path) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("creates");
        for entry in std::fs::read_dir(from).expect("reads") {
            let entry = entry.expect("an entry");
            let (path, name) = (entry.path(), entry.file_name().into_string().expect("UTF-8"));
            if path.is_dir() {
                copy(&path, &to.join(name));
            } else if !name.ends_with(".cases.toml") {
                std::fs::copy(&path, to.join(name)).expect("copies");
            }
        }
    }
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries"), to);
}

/// How a server is started.
#[derive(Default)]
pub struct Setup {
    pub config: String,
    /// A program and its arguments in front of the binary (`strace …`).
    pub wrapper: Vec<String>,
    /// Shell words before the binary (`ulimit -n 64`).
    pub shell: Option<&'static str>,
    pub data: Option<PathBuf>,
    pub arguments: Vec<String>,
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    ended: bool,
}

/// A running server.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<(Mutex<Log>, Condvar)>,
}

impl Server {
    /// Starts on a free port and waits until it is ready.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &Setup::default())
    }

    pub fn start_with(folder: &Path, setup: &Setup) -> Self {
        let server = Self::spawn(folder, setup).unwrap_or_else(|(code, log)| panic!("the server ended with {code:?}:\n{log}"));
        server.wait_until_ready();
        server
    }

    /// Starts and waits until it listens; or gives its exit status and log.
    pub fn spawn(folder: &Path, setup: &Setup) -> Result<Self, (Option<i32>, String)> {
        let config = folder.join("xianshen.toml");
        let mut text = setup.config.clone();
        if !text.contains("[rules]") {
            let dictionaries = folder.join("dictionaries");
            if !dictionaries.exists() {
                copy_dictionaries(&dictionaries);
            }
            text.push_str(&format!("\n[rules]\ndictionaries = \"{}\"\n", dictionaries.display()));
        }
        std::fs::write(&config, text).expect("writes");
        let data = setup.data.clone().unwrap_or_else(|| folder.join("data"));
        let mut words: Vec<String> = setup.wrapper.clone();
        words.extend([env!("CARGO_BIN_EXE_xianshen").to_owned(), "serve".to_owned()]);
        words.extend(["--listen", "127.0.0.1:0", "--data"].map(str::to_owned));
        words.push(data.display().to_string());
        words.extend(["--config".to_owned(), config.display().to_string()]);
        words.extend(setup.arguments.iter().cloned());
        if let Some(shell) = setup.shell {
            let script = format!("{shell}; exec \"$@\"");
            words.splice(0..0, ["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]);
        }
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let log = Arc::new((Mutex::new(Log::default()), Condvar::new()));
        let lines = BufReader::new(child.stderr.take().expect("stderr"));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                written.0.lock().expect("lock").lines.push(line);
                written.1.notify_all();
            }
            written.0.lock().expect("lock").ended = true;
            written.1.notify_all();
        });
        let address = {
            let guard = log.0.lock().expect("lock");
            let not_yet = |log: &mut Log| !log.ended && listening(&log.lines).is_none();
            let (guard, timeout) = log.1.wait_timeout_while(guard, PATIENCE, not_yet).expect("lock");
            assert!(!timeout.timed_out(), "the server does not listen");
            listening(&guard.lines)
        };
        match address {
            Some(address) => Ok(Self { child, address, log }),
            None => {
                let status = child.wait().expect("waits");
                let lines = log.0.lock().expect("lock").lines.join("\n");
                Err((status.code(), lines))
            }
        }
    }

    pub fn wait_until_ready(&self) {
        eventually("ready", || {
            let ended = self.log.0.lock().expect("lock").ended;
            assert!(!ended, "the server ended:\n{}", self.log());
            let answer = Client::try_connect(self.address).and_then(|mut client| client.request("GET", "/readyz", &[], b""));
            answer.is_ok_and(|answer| answer.status == 200).then_some(())
        });
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.0.lock().expect("lock").lines.join("\n")
    }

    /// Waits until some line of the log holds `text`.
    pub fn wait_for_log(&self, text: &str) {
        let guard = self.log.0.lock().expect("lock");
        let not_yet = |log: &mut Log| !log.lines.iter().any(|line| line.contains(text));
        let (guard, timeout) = self.log.1.wait_timeout_while(guard, PATIENCE, not_yet).expect("lock");
        let seen = !timeout.timed_out();
        drop(guard);
        assert!(seen, "never logged: {text}\n{}", self.log());
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().expect("kill");
        assert!(status.success());
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        self.kill_children();
        self.child.kill().expect("kills");
        self.child.wait().expect("waits");
    }

    /// Behind a wrapper the server is a child of the child, and would outlive it.
    fn kill_children(&self) {
        let list = format!("/proc/{0}/task/{0}/children", self.child.id());
        for child in std::fs::read_to_string(list).unwrap_or_default().split_whitespace() {
            drop(Command::new("kill").args(["-9", child]).status());
        }
    }

    /// Waits for the end; the exit status (minus the signal when one ended it) and how long it took.
    pub fn wait(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let status = eventually("the end of the server", || self.child.try_wait().expect("waits"));
        (status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)), begun.elapsed())
    }

    pub fn terminate(&mut self) -> (i32, Duration) {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until nothing waits to be judged.
    pub fn wait_until_screened(&self) {
        eventually("an empty inbox", || (self.client().get("/readyz").json()["pending"] == 0).then_some(()));
    }

    pub fn ruleset(&self) -> String {
        self.client().get("/readyz").json()["ruleset"].as_str().expect("a ruleset").to_owned()
    }
}

fn listening(lines: &[String]) -> Option<SocketAddr> {
    let entry = |line: &String| serde_json::from_str::<Value>(line).ok();
    lines
        .iter()
        .filter_map(entry)
        .filter(|entry| entry["message"].as_str().is_some_and(|m| m.starts_with("Listening")))
        .find_map(|entry| entry["address"].as_str()?.parse().ok())
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill_children();
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// One keep-alive connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("connects")
    }

    pub fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, READ_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_write_timeout(Some(READ_TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), host: address.to_string() })
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], b"").expect("an answer")
    }

    pub fn post(&mut self, path: &str, body: &[u8]) -> Answer {
        self.try_post(path, body).expect("an answer")
    }

    pub fn post_json(&mut self, path: &str, body: &Value) -> Answer {
        self.post(path, body.to_string().as_bytes())
    }

    pub fn try_post(&mut self, path: &str, body: &[u8]) -> std::io::Result<Answer> {
        self.request("POST", path, &[("content-type", "application/json")], body)
    }

    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("host: {}\r\n", self.host));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut message = head.into_bytes();
        message.extend_from_slice(body);
        self.send(&message)?;
        self.answer()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> std::io::Result<Answer> {
        let broken = |what: &str| std::io::Error::new(std::io::ErrorKind::UnexpectedEof, what.to_owned());
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(broken("closed"));
        }
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| broken("no status"))?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(broken("closed in the head"));
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => break,
            }
        }
        let answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { body, ..answer })
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0)) || self.stream.get_mut().write_all(b"x").is_err()
    }
}

/// What a client knows that it sent, and what was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
    pub revision: u64,
    pub content_hash: String,
}

/// Sends drafts over several connections until told to stop or the server is gone. Returns what was acknowledged with
/// 202; every other answer must be one of `may_answer`.
pub struct Load {
    threads: Vec<std::thread::JoinHandle<Vec<Sent>>>,
    stop: Arc<std::sync::atomic::AtomicBool>,
    acknowledged: Arc<std::sync::atomic::AtomicUsize>,
}

impl Load {
    pub fn start(address: SocketAddr, connections: usize, prefix: &str, bytes: usize, may_answer: &'static [u16]) -> Self {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let acknowledged = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let threads = (0..connections)
            .map(|connection| {
                let (stop, acknowledged, prefix) = (Arc::clone(&stop), Arc::clone(&acknowledged), prefix.to_owned());
                std::thread::spawn(move || {
                    let mut sent = Vec::new();
                    let Ok(mut client) = Client::try_connect(address) else { return sent };
                    for number in 0.. {
                        if stop.load(std::sync::atomic::Ordering::Relaxed) {
                            break;
                        }
                        let id = format!("{prefix}-{connection}-{number}");
                        // An answer that never comes may stand for a draft that is stored: nothing was promised.
                        let Ok(answer) = client.try_post("/v1/drafts", draft(&id, 1, bytes).to_string().as_bytes()) else { break };
                        if answer.status == 202 {
                            acknowledged.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            let content_hash = answer.json()["content_hash"].as_str().expect("a hash").to_owned();
                            sent.push(Sent { id, revision: 1, content_hash });
                        } else {
                            assert!(may_answer.contains(&answer.status), "{} {}", answer.status, answer.text());
                        }
                        if answer.header("connection") == Some("close") {
                            match Client::try_connect(address) {
                                Ok(again) => client = again,
                                Err(_) => break,
                            }
                        }
                    }
                    sent
                })
            })
            .collect();
        Self { threads, stop, acknowledged }
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub fn wait_for(&self, drafts: usize) {
        eventually("acknowledged drafts", || (self.acknowledged() >= drafts).then_some(()));
    }

    pub fn finish(self) -> Vec<Sent> {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    }
}

/// Checks the promise of the store on its file, the server being stopped: every acknowledged draft is there with its
/// content and exactly one verdict, nothing waits, nothing is there twice, the file is sound.
pub fn check_ledger(data: &Path, acknowledged: &[Sent]) {
    let file = rusqlite::Connection::open(data.join("xianshen.db")).expect("opens");
    let integrity: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(integrity, "ok");
    let waiting: i64 = file.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).expect("reads");
    assert_eq!(waiting, 0, "something still waits to be judged");
    let mut look = file
        .prepare(
            "SELECT count(*), count(v.seq), max(r.content_hash), max(v.verdict), max(d.json) FROM revision r
             JOIN draft d ON d.seq = r.seq LEFT JOIN verdict v ON v.seq = r.seq WHERE r.id = ?1 AND r.revision = ?2",
        )
        .expect("prepares");
    for sent in acknowledged {
        type Row = (i64, i64, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);
        let (rows, verdicts, content_hash, verdict, json): Row = look
            .query_row(rusqlite::params![sent.id, sent.revision as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .expect("reads");
        assert_eq!((rows, verdicts), (1, 1), "rows and verdicts of {}", sent.id);
        assert_eq!(content_hash.as_deref(), Some(sent.content_hash.as_str()), "{}", sent.id);
        let verdict: Value = serde_json::from_slice(&verdict.expect("a verdict")).expect("JSON");
        let json: Value = serde_json::from_slice(&json.expect("a draft")).expect("JSON");
        assert_eq!((&verdict["id"], &verdict["content_hash"]), (&json["id"], &Value::from(sent.content_hash.as_str())));
    }
    let past: i64 = file.query_row("SELECT count(*) FROM past_verdict", [], |row| row.get(0)).expect("reads");
    assert_eq!(past, 0, "nobody asked for anything to be judged again");
}
