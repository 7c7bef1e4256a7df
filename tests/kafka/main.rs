//! What is promised between topics, proved with the real binary: against librdkafka's mock cluster always, against a
//! real Apache Kafka where its jars can be had. `make kafka-faults` runs the faults for as long as they are meant to.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout)]

mod broker;
mod clients;
mod contract;
mod faults;
mod ledger;
mod refusals;
mod security;
#[path = "../support/mod.rs"]
mod support;

use broker::Kafka;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use std::path::Path;
use std::process::Command;
use support::{Server, Setup};

/// The line of the configuration with which tests need not wait long for a process that was killed.
const SHORT_SESSION: &str = "session_ms = 6000\n";

pub type Mock = MockCluster<'static, DefaultProducerContext>;

/// Brokers to work with, and a name for the topics of one case.
pub struct Cluster<'a> {
    pub brokers: String,
    pub mock: Option<&'a Mock>,
    pub copies: usize,
    /// Lines of the configuration that protect the connection.
    pub security: String,
}

impl Cluster<'_> {
    /// Creates all topics under a prefix, as `xianshen topics create` does: fewer partitions where few read.
    pub fn create_topics(&self, prefix: &str, partitions: i32) {
        match self.mock {
            Some(mock) => {
                let create = |name: &str, partitions| mock.create_topic(&format!("{prefix}.{name}"), partitions, 1).expect("creates");
                ["drafts", "verdicts"].iter().for_each(|name| create(name, partitions));
                let few = (partitions / 4).max(1);
                ["permits", "dlq"].iter().for_each(|name| create(name, few));
                ledger::QUEUES.iter().for_each(|queue| create(&format!("review.{queue}"), few));
            }
            None => {
                let folder = tempfile::tempdir().expect("folder");
                let config = folder.path().join("x.toml");
                std::fs::write(&config, self.config(prefix)).expect("writes");
                let output = Command::new(env!("CARGO_BIN_EXE_xianshen"))
                    .args(["topics", "create", "--partitions", &partitions.to_string(), "--config"])
                    .arg(&config)
                    .output()
                    .expect("runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }

    pub fn config(&self, prefix: &str) -> String {
        format!(
            "[kafka]\nbrokers = \"{}\"\ntopic_prefix = \"{prefix}\"\ngroup = \"{prefix}-group\"\ntopics_replication = {}\n\
             topics_min_insync = {}\n{SHORT_SESSION}{}",
            self.brokers,
            self.copies,
            self.copies.saturating_sub(1).max(1),
            self.security
        )
    }

    /// A process of the given role, ready.
    pub fn start(&self, folder: &Path, prefix: &str, role: &str) -> Server {
        let server = self.spawn(folder, prefix, role);
        server.wait_until_ready();
        server
    }

    /// A process of the given role that listens, perhaps not ready yet.
    pub fn spawn(&self, folder: &Path, prefix: &str, role: &str) -> Server {
        Server::spawn(folder, &self.setup(prefix, role)).unwrap_or_else(|(code, log)| panic!("ended with {code:?}:\n{log}"))
    }

    pub fn setup(&self, prefix: &str, role: &str) -> Setup {
        Setup {
            // The group of reviewers is another one.
            config: self.config(prefix).replace("-group", &format!("-{role}")),
            arguments: ["--role", role, "--from", "earliest"].map(str::to_owned).to_vec(),
            ..Setup::default()
        }
    }
}

#[test]
fn the_contract_holds_on_the_mock_cluster() {
    let mock = MockCluster::new(1).expect("a mock cluster");
    contract::run(&Cluster { brokers: mock.bootstrap_servers(), mock: Some(&mock), copies: 1, security: String::new() });
}

#[test]
fn the_faults_hold_on_the_mock_cluster() {
    refusals::run();
}

#[test]
fn secrets_and_drafts_are_shown_nowhere() {
    security::secrets_are_shown_nowhere();
}

/// Single faults are asked for, see [`faults::run`].
fn only_faults() -> bool {
    std::env::var_os("XIANSHEN_FAULTS").is_some()
}

#[test]
fn connections_to_real_kafka_are_protected() {
    if only_faults() {
        return support::skip("protected connections (only faults are asked for)");
    }
    security::run();
}

#[test]
fn the_contract_and_the_faults_hold_on_real_kafka() {
    match Kafka::start(1) {
        Ok(kafka) => {
            let cluster = Cluster { brokers: kafka.brokers(), mock: None, copies: 1, security: String::new() };
            if !only_faults() {
                contract::run(&cluster);
                clients::run(&cluster);
            }
            faults::run(kafka);
        }
        Err(reason) => support::skip(&reason),
    }
}
