//! `xianshen topics`: creates the topics and looks for settings that would lose records.
//! Must not know which settings those are.

use super::serve::KafkaArgs;
use super::{Exit, print};
use crate::config::{self, Config};
use crate::stream::kafka::topics::{self, Created};
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Create the topics that are missing, with the partitions and copies of the configuration
    ///
    /// Topics that are there stay as they are; look at them with `xianshen topics check`.
    /// Exit status: 0 all are there; 2 some could not be created.
    Create(TopicsArgs),
    /// Look for settings of topics that would lose records
    ///
    /// Exit status: 0 none; 1 some, each named with its cure; 2 the brokers do not answer.
    Check(TopicsArgs),
}

#[derive(Debug, clap::Args)]
pub struct TopicsArgs {
    /// Configuration file; without it every key has its default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Brokers, `host:port`, separated by commas; overrides `kafka.brokers`.
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Partitions of each topic; overrides `kafka.topics_partitions`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub partitions: Option<i32>,
    /// Brokers that hold each record; overrides `kafka.topics_replication`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=9))]
    pub replication: Option<i32>,
    /// Brokers that must have a record before it counts as written; overrides `kafka.topics_min_insync`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=9))]
    pub min_insync: Option<i32>,
}

/// The configuration that a command about Kafka works with; every problem is printed.
pub fn configured(file: Option<&PathBuf>, change: impl FnOnce(&mut Config)) -> Option<Config> {
    let read = match file {
        Some(path) => config::read(path),
        None => Ok(Config::default()),
    };
    let checked = read.and_then(|mut config| {
        change(&mut config);
        let name = file.map_or_else(|| "xianshen".to_owned(), |path| path.display().to_string());
        match config.kafka_problems(&name) {
            problems if problems.is_empty() => Ok(config),
            problems => Err(problems),
        }
    });
    match checked {
        Ok(config) => Some(config),
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            None
        }
    }
}

pub fn run(command: &TopicsCommand) -> anyhow::Result<Exit> {
    let (TopicsCommand::Create(args) | TopicsCommand::Check(args)) = command;
    let kafka_args = KafkaArgs { brokers: args.brokers.clone(), ..KafkaArgs::default() };
    let configured = configured(args.config.as_ref(), |config| {
        kafka_args.apply(&mut config.kafka);
        let shape = &mut config.kafka.topics;
        shape.partitions = args.partitions.unwrap_or(shape.partitions);
        shape.replication = args.replication.unwrap_or(shape.replication);
        shape.min_insync = args.min_insync.unwrap_or(shape.min_insync);
    });
    let Some(config) = configured else { return Ok(Exit::Invalid) };
    match command {
        TopicsCommand::Create(_) => {
            let mut exit = Exit::Nothing;
            let mut lines = String::new();
            for (name, created) in topics::create(&config.kafka)? {
                lines += &match created {
                    Created::New => format!("{name}：已创建\n"),
                    Created::Existed => format!("{name}：原已存在，未改动\n"),
                    Created::Failed(reason) => {
                        exit = Exit::Invalid;
                        format!("{name}：未能创建（{reason}）\n")
                    }
                };
            }
            print(&lines)?;
            Ok(exit)
        }
        TopicsCommand::Check(_) => {
            let dangers = topics::check(&config.kafka)?;
            let line = |danger: &topics::Danger| match danger.key {
                "" => format!("{}：{}——{}\n", danger.topic, danger.found, danger.cure),
                key => format!("{}：{key} = {}——{}\n", danger.topic, danger.found, danger.cure),
            };
            if dangers.is_empty() {
                print(&format!("{} 个主题，没有会丢记录的设置\n", topics::all(&config.kafka).len()))?;
                return Ok(Exit::Nothing);
            }
            print(&dangers.iter().map(line).collect::<String>())?;
            Ok(Exit::Something)
        }
    }
}
