//! `xianshen serve`: reads the configuration and runs the daemon.
//! Must not know how drafts are stored or judged.

use super::Exit;
use crate::config::{self, Config};
use crate::daemon;
use crate::ruleset::Problem;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Take drafts over HTTP, screen them and show them to reviewers
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Address and port; overrides `http.listen` of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Folder of the database; overrides `store.data` of the configuration.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file; without it every key has its default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which part of the work this process does.
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub role: Role,
}

/// The part of the work that one process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything, in one process with one file.
    All,
    /// Judging only, between topics (distributed).
    Screen,
    /// Intake and review only (distributed).
    Review,
}

/// Runs until told to stop.
pub fn run(args: &ServeArgs) -> Exit {
    if args.role != Role::All {
        eprintln!("本版本只有单机形态：请使用 --role all。/ This version has no distributed shape: use --role all.");
        return Exit::Invalid;
    }
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
    let file = args.config.as_ref().map_or_else(|| "xianshen serve".to_owned(), |path| path.display().to_string());
    match config.problems(&file) {
        problems if problems.is_empty() => Ok(config),
        problems => Err(problems),
    }
}
