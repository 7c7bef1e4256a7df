//! Which Kafka a command is about: the configuration file and what the command line says against it.
//! Must not know what the command does there.

use super::serve::KafkaArgs;
use crate::config::{self, Config};
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct Cluster {
    /// Configuration file; without it every key has its default.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Brokers, `host:port`, separated by commas; overrides `kafka.brokers`.
    #[arg(long, value_name = "HOST:PORT,…")]
    brokers: Option<String>,
}

impl Cluster {
    /// The configuration, after `change`; `None` when it cannot be used, and every problem was said.
    pub fn configured(&self, change: impl FnOnce(&mut Config)) -> Option<Config> {
        let read = match &self.config {
            Some(path) => config::read(path),
            None => Ok(Config::default()),
        };
        let checked = read.and_then(|mut config| {
            KafkaArgs { brokers: self.brokers.clone(), ..KafkaArgs::default() }.apply(&mut config.kafka);
            change(&mut config);
            let name = self.config.as_ref().map_or_else(|| "xianshen".to_owned(), |path| path.display().to_string());
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
}
