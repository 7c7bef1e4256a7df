//! Rules change while drafts flow: a good set is taken whole, a bad one changes nothing and says where it is wrong.

#![allow(clippy::expect_used)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{Client, Load, Server, Setup, check_ledger, copy_dictionaries, draft, eventually, pause, rounds};
use xianshen::ruleset::Ruleset;
use xianshen::store::Archive;

/// The rules of one test in a folder of their own, the dictionaries behind a link that can be swapped.
struct Rules {
    folder: PathBuf,
}

impl Rules {
    fn new(folder: &Path) -> Self {
        let rules = Self { folder: folder.join("rules") };
        std::fs::create_dir_all(rules.folder.join("empty")).expect("creates");
        copy_dictionaries(&rules.folder.join("v0"));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        for name in ["policy.toml", "units.csv"] {
            std::fs::copy(shipped.join(name), rules.folder.join(name)).expect("copies");
        }
        rules.link("v0");
        rules
    }

    fn setup(&self) -> Setup {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let config = format!(
            "[rules]\ndictionaries = \"{}\"\npolicy = \"{}\"\nunits = \"{}\"\npoll_seconds = 1\n",
            path("current"),
            path("policy.toml"),
            path("units.csv")
        );
        Setup { config, ..Setup::default() }
    }

    /// Points the dictionaries elsewhere, in one step.
    fn link(&self, to: &str) {
        let (new, current) = (self.folder.join("new-link"), self.folder.join("current"));
        std::os::unix::fs::symlink(to, &new).expect("links");
        std::fs::rename(&new, &current).expect("renames");
    }

    /// A dictionary of one word that every draft of the tests holds, with a message that tells the sets apart.
    fn mark(&self, number: usize) {
        let text = format!("term,code,severity,boundary,message,source\n秋收调度,WRD.vulgar,S1,none,第 {number} 套规则,test\n");
        self.write("current/marker.csv", text.as_bytes());
    }

    /// Writes a whole file in one step: on a busy machine minutes may pass between two steps, and what stands in between
    /// is a set like any other.
    fn write(&self, name: &str, bytes: &[u8]) {
        let new = self.folder.join("new-file");
        std::fs::write(&new, bytes).expect("writes");
        std::fs::rename(new, self.folder.join(name)).expect("renames");
    }
}

/// Turns a good file into a bad one; `None` removes it.
type Spoil = Box<dyn Fn(&[u8]) -> Option<Vec<u8>>>;

/// A way to spoil a set: which file, its new content (`None`: removed), and what the refusal must name.
struct Spoiling {
    file: &'static str,
    content: Spoil,
    named: &'static str,
}

fn spoilings() -> Vec<Spoiling> {
    fn spoil(file: &'static str, named: &'static str, content: impl Fn(&[u8]) -> Option<Vec<u8>> + 'static) -> Spoiling {
        Spoiling { file, named, content: Box::new(content) }
    }
    fn with(end: &'static str) -> impl Fn(&[u8]) -> Option<Vec<u8>> {
        move |old| Some([old, end.as_bytes()].concat())
    }
    vec![
        spoil("current/gambling.csv", "gambling.csv", |old| Some(old[..old.len() * 2 / 3].to_vec())),
        spoil("current/gambling.csv", "gambling.csv", |old| Some([old, b"\xc4\xab\xbd\xad,ILL.GAMBLING,S2\n"].concat())),
        spoil("current/marker.csv", "marker.csv:3", with("(,WRD.vulgar,S1,none,x,test\n")),
        spoil("current/marker.csv", "marker.csv", |_| Some(b"term,code,severity,match,source\n(,WRD.vulgar,S1,regex,test\n".to_vec())),
        spoil("current/gambling.csv", "gambling.csv", |_| Some(Vec::new())),
        spoil("current/marker.csv", "marker.csv:3", with("秋收调度会,NO.SUCH_CODE,S1,none,x,test\n")),
        spoil("current/marker.csv", "marker.csv:3", with("秋收调度会,WRD.vulgar,S9,none,x,test\n")),
        spoil("current/marker.csv", "marker.csv:3", with("秋收调度,WRD.vulgar,S1,none,x,test\n")),
        spoil("current/codes.csv", "codes.csv", |_| None),
        spoil("policy.toml", "policy.toml", with("\nnonsense = [\n")),
        spoil("policy.toml", "policy.toml", with("\n[[nonsense]]\nqueue = \"routine\"\n")),
        spoil("units.csv", "units.csv", with("a,b\n")),
        spoil("current/marker.cases.toml", "marker.cases.toml:2", |_| {
            Some("[[case]]\nname = \"错\"\ntext = \"秋收调度\"\nmiss = [\"WRD.vulgar\"]\n".into())
        }),
    ]
}

/// Applied last, each with its own undoing: files that are too large, and the whole folder swapped for an empty one.
const OTHER_SPOILINGS: usize = 2;

/// Verdicts that are reached again from what is stored.
const VERDICTS_REPLAYED: usize = 200;

/// XIANSHEN_RELOADS=100 XIANSHEN_LOAD_CONNECTIONS=8 for the full run.
#[test]
fn reloads_under_load_apply_good_sets_whole_and_bad_sets_not_at_all() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = Rules::new(folder.path());
    rules.mark(0);
    let mut server = Server::start_with(folder.path(), &rules.setup());
    let mut in_use = BTreeSet::from([server.ruleset()]);
    let load = Load::start(server.address, rounds("XIANSHEN_LOAD_CONNECTIONS", 1), "reload", 1_000, &[]);
    let spoilings = spoilings();
    let kinds = spoilings.len() + OTHER_SPOILINGS;
    let reloads = rounds("XIANSHEN_RELOADS", kinds + 3);
    let (mut good, mut bad, mut slowest) = (0, 0, 0.0_f64);
    for round in 0..reloads {
        // A request to reload half of the time; the other half the files' own change must do.
        let ask = |server: &Server| {
            if round % 2 == 0 {
                server.signal("HUP");
            }
        };
        let current = server.ruleset();
        let begun = Instant::now();
        if round % 5 == 4 {
            rules.mark(round);
            ask(&server);
            let new = eventually("new rules", || Some(server.ruleset()).filter(|ruleset| *ruleset != current));
            slowest = slowest.max(begun.elapsed().as_secs_f64());
            assert!(in_use.insert(new), "every set is new");
            good += 1;
            continue;
        }
        let (named, undo): (&str, Box<dyn Fn()>) = match bad % kinds {
            kind if kind < spoilings.len() => {
                let Spoiling { file, content, named } = &spoilings[kind];
                let path = rules.folder.join(file);
                let old = std::fs::read(&path).ok();
                match content(old.as_deref().unwrap_or_default()) {
                    Some(new) => rules.write(file, &new),
                    None => std::fs::remove_file(&path).expect("removes"),
                }
                let rules = &rules;
                let undo = move || match &old {
                    Some(old) => rules.write(file, old),
                    None => std::fs::remove_file(&path).expect("removes"),
                };
                (named, Box::new(undo))
            }
            kind if kind == spoilings.len() => {
                let (new, path) = (rules.folder.join("new-file"), rules.folder.join("current/huge.csv"));
                std::fs::File::create(&new).expect("creates").set_len((64 << 20) + 1).expect("grows");
                std::fs::rename(new, &path).expect("renames");
                ("huge.csv", Box::new(move || std::fs::remove_file(&path).expect("removes")))
            }
            _ => {
                rules.link("empty");
                ("codes.csv", Box::new(|| rules.link("v0")))
            }
        };
        bad += 1;
        ask(&server);
        let refusal = eventually("a refusal", || {
            let ready = server.client().get("/readyz");
            assert_eq!((ready.status, ready.json()["ruleset"].as_str()), (200, Some(current.as_str())), "round {round}");
            Some(ready.json()["last_reload_error"].clone()).filter(|error| !error.is_null())
        });
        let problems = refusal["problems"].to_string();
        assert!(problems.contains(named) && problems.contains('（'), "round {round}: {named} is not named in {problems}");
        undo();
        ask(&server);
        eventually("the old rules confirmed", || server.client().get("/readyz").json()["last_reload_error"].is_null().then_some(()));
        assert_eq!(server.ruleset(), current, "round {round}");
    }
    let acknowledged = load.finish();
    server.wait_until_screened();
    // A set is in use a moment before it is counted.
    eventually("the count", || (reloads_so_far(&server, "applied") >= in_use.len()).then_some(()));
    assert_eq!(reloads_so_far(&server, "applied"), in_use.len());
    assert!(reloads_so_far(&server, "refused") >= bad);
    assert_eq!(server.terminate().0, 0);
    let data = folder.path().join("data");
    check_ledger(&data, &acknowledged);
    check_verdicts_against_their_rules(&data, &acknowledged, &in_use);
    eprintln!("{reloads} reloads ({good} good, {bad} bad), the slowest good one took {slowest:.2} s; {} drafts", acknowledged.len());
}

fn reloads_so_far(server: &Server, result: &str) -> usize {
    let series = format!("xianshen_ruleset_reload_total{{result=\"{result}\"}} ");
    let metrics = server.client().get("/metrics").text();
    metrics.lines().find_map(|line| line.strip_prefix(&series)).expect("a counter").parse().expect("a number")
}

/// Each verdict is, byte for byte, what the one set of rules says that it names.
fn check_verdicts_against_their_rules(data: &Path, acknowledged: &[support::Sent], in_use: &BTreeSet<String>) {
    let archive = Archive::open(data).expect("opens");
    let mut compiled: BTreeMap<String, Ruleset> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    // Spread over the whole run: reading a whole set back for each of thousands of drafts would take minutes.
    for sent in acknowledged.iter().step_by(1 + acknowledged.len() / VERDICTS_REPLAYED) {
        let replay = archive.replay("cs-xian", &sent.id, sent.revision, None).expect("reads").expect("is there");
        let verdict: Value = serde_json::from_str(&replay.verdict).expect("JSON");
        let id = verdict["ruleset"].as_str().expect("a ruleset").to_owned();
        assert!(in_use.contains(&id), "{id} was never in use");
        assert_eq!(replay.rule_files.id(), id);
        let ruleset = compiled
            .entry(id.clone())
            .or_insert_with(|| Ruleset::compile(&replay.rule_files).unwrap_or_else(|problems| panic!("{problems:?}")));
        assert_eq!(ruleset.judge(&replay.draft).to_json(), replay.verdict, "{}", sent.id);
        assert!(replay.verdict.contains("套规则"), "the word that tells the sets apart is in every draft");
        seen.insert(id);
    }
    assert!(seen.len() > 1, "drafts were judged by one set only");
}

/// The longest that the pieces of a file may come apart for what follows to say anything.
const PIECES_APART_MAX: Duration = Duration::from_millis(200);

#[test]
fn a_file_that_is_still_being_written_is_not_taken_half_done() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = Rules::new(folder.path());
    rules.mark(0);
    let server = Server::start_with(folder.path(), &rules.setup());
    let mut applied = 1;
    for round in 1..=rounds("XIANSHEN_HALVES", 5) {
        let before = server.ruleset();
        // The first half is a good set by itself, and a reload is asked for while it stands alone.
        let begun = Instant::now();
        let mut file = std::fs::File::create(rules.folder.join("current/marker.csv")).expect("creates");
        writeln!(file, "term,code,severity,boundary,message,source\n秋收调度,WRD.vulgar,S1,none,第 {round} 套规则,test").expect("writes");
        server.signal("HUP");
        pause(100);
        writeln!(file, "春耕调度,WRD.vulgar,S1,none,第 {round} 套规则,test").expect("writes");
        drop(file);
        let apart = begun.elapsed();
        eventually("the whole set", || (server.ruleset() != before).then_some(()));
        eventually("rest", || {
            let dictionaries = Some(rules.folder.join("current"));
            let (policy, units) = (Some(rules.folder.join("policy.toml")), Some(rules.folder.join("units.csv")));
            let whole = xianshen::rule_files::read(&xianshen::rule_files::RulePaths { dictionaries, policy, units }).expect("reads").id();
            (server.ruleset() == whole).then_some(())
        });
        // A set is in use a moment before it is counted.
        let now = eventually("the count", || Some(reloads_so_far(&server, "applied")).filter(|now| *now > applied));
        // A machine that held this test up between the pieces has made two changes of one.
        assert!(now == applied + 1 || apart > PIECES_APART_MAX, "round {round}: {} sets came into use for one change", now - applied);
        applied = now;
    }
}

#[test]
fn what_waits_keeps_its_verdict_until_it_is_asked_to_be_judged_again() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = Rules::new(folder.path());
    rules.mark(1);
    let mut server = Server::start_with(folder.path(), &rules.setup());
    let mut client = server.client();
    for id in ["keeps", "asks"] {
        assert_eq!(client.post_json("/v1/drafts", &draft(id, 1, 10)).status, 202);
    }
    server.wait_until_screened();
    let first = server.ruleset();
    let verdict = |server: &Server, id: &str| server.client().get(&format!("/v1/drafts/{id}")).json()["revisions"][0]["verdict"].clone();
    let before = verdict(&server, "keeps");
    rules.mark(2);
    let second = eventually("new rules", || Some(server.ruleset()).filter(|ruleset| *ruleset != first));
    assert_eq!(verdict(&server, "keeps"), before);
    assert_eq!(client.post("/v1/drafts/asks/rejudge", b"").status, 202);
    eventually("a new verdict", || (verdict(&server, "asks")["ruleset"] == second.as_str()).then_some(()));
    assert_eq!(verdict(&server, "keeps"), before);
    assert!(verdict(&server, "asks").to_string().contains("第 2 套规则"));
    let queue = before["queue"].as_str().expect("a queue");
    assert_eq!(client.post(&format!("/v1/queues/{queue}/rejudge"), b"").json()["items"], 2);
    eventually("a new verdict", || (verdict(&server, "keeps")["ruleset"] == second.as_str()).then_some(()));
    assert_eq!(server.terminate().0, 0);
    // The verdict that was replaced can still be reached again.
    let archive = Archive::open(&folder.path().join("data")).expect("opens");
    let id = before["verdict_id"].as_str();
    let replay = archive.replay("cs-xian", "keeps", 1, id).expect("reads").expect("is there");
    assert_eq!(serde_json::from_str::<Value>(&replay.verdict).expect("JSON"), before);
    let ruleset = Ruleset::compile(&replay.rule_files).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(ruleset.judge(&replay.draft).to_json(), replay.verdict);
}

#[test]
fn a_storm_of_changes_is_few_reloads() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = Rules::new(folder.path());
    rules.mark(0);
    let server = Server::start_with(folder.path(), &rules.setup());
    let first = server.ruleset();
    let touches = 150;
    for number in 1..=touches {
        rules.mark(number);
        pause(20);
    }
    let expected = {
        rules.mark(touches + 1);
        let dictionaries = Some(rules.folder.join("current"));
        let (policy, units) = (Some(rules.folder.join("policy.toml")), Some(rules.folder.join("units.csv")));
        xianshen::rule_files::read(&xianshen::rule_files::RulePaths { dictionaries, policy, units }).expect("reads").id()
    };
    eventually("the last set", || (server.ruleset() == expected).then_some(()));
    let metrics = server.client().get("/metrics").text();
    let reloads: usize = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("xianshen_ruleset_reload_total{")?.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    assert!(first != expected && reloads <= touches / 10, "{reloads} reloads for {touches} changes");
}

#[test]
fn a_bad_set_at_the_start_is_refused_with_file_line_key_and_cure() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = Rules::new(folder.path());
    rules.write("current/marker.csv", "term,code,severity,boundary,source\n秋收调度,NO.SUCH_CODE,S1,none,test\n".as_bytes());
    let mut server = match Server::spawn(folder.path(), &rules.setup()) {
        Ok(server) => server,
        Err((code, log)) => panic!("it listens before the rules are read: {code:?} {log}"),
    };
    let (code, _) = server.wait();
    let log = server.log();
    assert_eq!(code, 2, "{log}");
    let entry = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|entry| !entry["file"].is_null());
    let entry = entry.unwrap_or_else(|| panic!("no file is named in {log}"));
    assert_eq!((&entry["file"], &entry["line"], &entry["key"]), (&"dictionaries/marker.csv".into(), &2.into(), &"code".into()));
    assert!(entry["cure"].as_str().is_some_and(|cure| !cure.is_empty()));
    // Nothing was lost by starting with it: with good rules the same data are served.
    rules.mark(1);
    let server = Server::start_with(folder.path(), &rules.setup());
    assert_eq!(Client::connect(server.address).get("/v1/queues").status, 200);
}
