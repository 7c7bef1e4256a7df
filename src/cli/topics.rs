//! `xianshen topics`: creates the topics and looks for settings that would lose records.
//! Must not know which settings those are.

use super::cluster::Cluster;
use super::{Exit, print};
use crate::stream::kafka::topics::{self, Created};
use clap::Subcommand;

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
    #[command(flatten)]
    cluster: Cluster,
    /// Partitions of the topics of drafts and verdicts, the others have a quarter; overrides `kafka.topics_partitions`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub partitions: Option<i32>,
    /// Brokers that hold each record; overrides `kafka.topics_replication`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=9))]
    pub replication: Option<i32>,
    /// Brokers that must have a record before it counts as written; overrides `kafka.topics_min_insync`.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=9))]
    pub min_insync: Option<i32>,
}

pub fn run(command: &TopicsCommand) -> anyhow::Result<Exit> {
    let (TopicsCommand::Create(args) | TopicsCommand::Check(args)) = command;
    let configured = args.cluster.configured(|config| {
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
            if dangers.is_empty() {
                print(&format!("{} 个主题，没有会丢记录的设置\n", topics::all(&config.kafka).len()))?;
                return Ok(Exit::Nothing);
            }
            print(&dangers.iter().map(|danger| format!("{danger}\n")).collect::<String>())?;
            Ok(Exit::Something)
        }
    }
}
