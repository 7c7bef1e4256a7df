//! `xianshen serve`: reads the configuration and runs the daemon.
//! Must not know how drafts are stored or judged.

use super::Exit;
use crate::config::{self, Config, Role};
use crate::daemon;
use crate::ruleset::Problem;
use crate::stream::kafka;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Take drafts over HTTP, screen them and show them to reviewers
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Address and port; overrides `http.listen` of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Folder of the database; overrides `store.data` of the configuration.
    #[arg(long, visible_alias = "store", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file; without it every key has its default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which part of the work this process does.
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub role: Role,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Judging threads, 0 for one per core; overrides `screening.workers`.
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
}

/// Settings of Kafka that a command line may override.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KafkaArgs {
    /// Brokers, `host:port`, separated by commas; overrides `kafka.brokers`.
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Consumer group; overrides `kafka.group`.
    #[arg(long)]
    pub group: Option<String>,
    /// Where a group that has committed nothing yet begins: earliest, latest or a moment; overrides `kafka.from`.
    #[arg(long, value_name = "WHERE")]
    pub from: Option<kafka::From>,
}

impl KafkaArgs {
    pub fn apply(&self, options: &mut kafka::Options) {
        if let Some(brokers) = &self.brokers {
            options.brokers.clone_from(brokers);
        }
        if let Some(group) = &self.group {
            options.group.clone_from(group);
        }
        if self.from.is_some() {
            options.from = self.from;
        }
    }
}

/// Runs until told to stop.
pub fn run(args: &ServeArgs) -> Exit {
    let config = match resolve(args) {
        Ok(config) => config,
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            return Exit::Invalid;
        }
    };
    Exit::Daemon(daemon::run(&config))
}

/// The configuration file, then the command line, then the checks that need both.
fn resolve(args: &ServeArgs) -> Result<Config, Vec<Problem>> {
    let mut config = match &args.config {
        Some(path) => config::read(path)?,
        None => Config::default(),
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(data) = &args.data {
        config.store.data.clone_from(data);
    }
    config.role = args.role;
    args.kafka.apply(&mut config.kafka);
    if let Some(workers) = args.workers {
        config.screening.workers = workers.min(config::WORKERS_MAX);
    }
    let file = args.config.as_ref().map_or_else(|| "xianshen serve".to_owned(), |path| path.display().to_string());
    match config.problems(&file) {
        problems if problems.is_empty() => Ok(config),
        problems => Err(problems),
    }
}
