//! Clients that nobody here wrote: kcat, and a pure Python one. They send drafts and read verdicts as documented.

use crate::Cluster;
use crate::support::{self, eventually};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub fn run(cluster: &Cluster<'_>) {
    let folder = tempfile::tempdir().expect("folder");
    let prefix = "t-clients";
    cluster.create_topics(prefix, 3);
    let _worker = cluster.start(folder.path(), prefix, "screen");
    if exists("kcat", "-V") {
        println!("kcat …");
        kcat(&cluster.brokers, prefix);
    } else {
        support::skip("kcat between the topics (it is not installed)");
    }
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kafka/python");
    if exists("python3", "-V") && packages.join("kafka").is_dir() {
        println!("kafka-python …");
        python(&cluster.brokers, prefix, &packages);
    } else {
        support::skip("a Python client between the topics (kafka-python could not be had from PyPI)");
    }
}

fn exists(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn kcat(brokers: &str, prefix: &str) {
    let mut child = Command::new("kcat")
        .args(["-b", brokers, "-t", &format!("{prefix}.drafts"), "-P", "-K", "\t"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("kcat");
    let line = format!("cs-xian/by-kcat\t{}\n", support::draft("by-kcat", 1, 300));
    child.stdin.take().expect("input").write_all(line.as_bytes()).expect("writes");
    assert!(child.wait().expect("ends").success());
    let verdict = eventually("a verdict for kcat", || {
        let output = Command::new("kcat")
            .args(["-b", brokers, "-t", &format!("{prefix}.verdicts"), "-C", "-e", "-q", "-o", "beginning", "-f", "%k\t%s\n"])
            .output()
            .expect("kcat");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().find_map(|line| line.strip_prefix("cs-xian/by-kcat/1\t").map(str::to_owned))
    });
    let verdict: Value = serde_json::from_str(&verdict).expect("JSON");
    assert_eq!(verdict["id"], "by-kcat");
}

const SCRIPT: &str = r#"
import json, sys, time
from kafka import KafkaConsumer, KafkaProducer
brokers, prefix, draft = sys.argv[1], sys.argv[2], sys.argv[3]
producer = KafkaProducer(bootstrap_servers=brokers, acks="all")
producer.send(prefix + ".drafts", key=b"cs-xian/by-python", value=draft.encode()).get(timeout=30)
consumer = KafkaConsumer(prefix + ".verdicts", bootstrap_servers=brokers, auto_offset_reset="earliest", consumer_timeout_ms=60000)
for record in consumer:
    if record.key == b"cs-xian/by-python/1":
        verdict = json.loads(record.value)
        headers = {name: value.decode() for name, value in record.headers}
        assert headers["verdict_id"] == verdict["verdict_id"], headers
        print(verdict["id"], verdict["queue"])
        break
else:
    sys.exit("no verdict came")
"#;

fn python(brokers: &str, prefix: &str, packages: &Path) {
    let draft = support::draft("by-python", 1, 300).to_string();
    let output =
        Command::new("python3").args(["-c", SCRIPT, brokers, prefix, &draft]).env("PYTHONPATH", packages).output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.starts_with("by-python "), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
