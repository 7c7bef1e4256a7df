//! `xianshen config check`: whether the daemon would start with a configuration file.
//! Must not know what the keys or the settings of topics mean.

use super::rules::problem_line;
use super::{Exit, print};
use crate::config;
use crate::stream::kafka::topics;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration file; every problem with line and key
    ///
    /// Where the file names brokers, they are asked, too: whether the topics are there, and whether a setting of theirs
    /// would lose records. Exit status: 0 no problem; 2 a problem, so that the daemon would not start or records get lost.
    Check {
        file: PathBuf,
        /// Do not ask the brokers.
        #[arg(long)]
        offline: bool,
    },
}

pub fn run(command: &ConfigCommand) -> anyhow::Result<Exit> {
    let ConfigCommand::Check { file, offline } = command;
    match config::load(file) {
        Ok(config) => {
            if !offline && !config.kafka.brokers.trim().is_empty() {
                let dangers = topics::check(&config.kafka)?;
                if !dangers.is_empty() {
                    print(&dangers.iter().map(|danger| format!("{danger}\n")).collect::<String>())?;
                    return Ok(Exit::Invalid);
                }
            }
            print(&format!("{}：没有问题\n", super::terminal::neutral(&file.display().to_string())))?;
            Ok(Exit::Nothing)
        }
        Err(problems) => {
            print(&problems.iter().map(|problem| problem_line(problem) + "\n").collect::<String>())?;
            Ok(Exit::Invalid)
        }
    }
}
