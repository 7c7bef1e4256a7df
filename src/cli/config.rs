//! `xianshen config check`: whether the daemon would start with a configuration file.
//! Must not know what the keys mean.

use super::rules::problem_line;
use super::{Exit, print};
use crate::config;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration file; every problem with line and key
    ///
    /// Exit status: 0 no problem; 2 a problem, so that the daemon would not start.
    Check { file: PathBuf },
}

pub fn run(command: &ConfigCommand) -> anyhow::Result<Exit> {
    let ConfigCommand::Check { file } = command;
    match config::load(file) {
        Ok(_) => {
            print(&format!("{}：没有问题\n", super::terminal::neutral(&file.display().to_string())))?;
            Ok(Exit::Nothing)
        }
        Err(problems) => {
            print(&problems.iter().map(|problem| problem_line(problem) + "\n").collect::<String>())?;
            Ok(Exit::Invalid)
        }
    }
}
