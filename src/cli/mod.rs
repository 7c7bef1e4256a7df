//! The command line: what can be asked for, and how an answer becomes an exit status.
//! Knows every part of the program; no part below knows it.

pub mod check;
pub mod cluster;
mod code_table;
mod codes;
pub mod config;
pub mod dlq;
mod encoding;
mod excerpt;
pub mod explain;
#[cfg(test)]
pub mod fixture;
pub mod inbox;
pub mod input;
mod json_place;
pub mod lexicon;
pub mod ordered;
mod pretty;
mod rules;
mod sarif;
pub mod schema;
pub mod serve;
mod terminal;
pub mod topics;

use clap::{CommandFactory, Parser, Subcommand};
use std::io::{self, Write};

/// 先审：政务新媒体发布前的机器审查。Screens what a government new-media account is about to publish.
#[derive(Debug, Parser)]
#[command(name = "xianshen", version = version(), propagate_version = false, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::CheckArgs),
    Serve(serve::ServeArgs),
    /// Check, test and compare dictionaries
    #[command(subcommand)]
    Lexicon(lexicon::LexiconCommand),
    Explain(explain::ExplainArgs),
    Codes(code_table::CodesArgs),
    Schema(schema::SchemaArgs),
    /// Check the configuration of the daemon
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Create and check the topics of Kafka
    #[command(subcommand)]
    Topics(topics::TopicsCommand),
    /// Look through the records that could not be screened, and send them back
    #[command(subcommand)]
    Dlq(dlq::DlqCommand),
    /// Carry an embedded inbox over to Kafka
    #[command(subcommand)]
    Inbox(inbox::InboxCommand),
    /// Print a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: nothing to report.
    Nothing,
    /// 1: something was found.
    Something,
    /// 2: some of the input could not be read or is invalid. Beats 1.
    Invalid,
    /// How the daemon ended: 0 in order, 2 it could not start, 74 the disk or the database failed, 75 start it again.
    Daemon(u8),
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Something => 1,
            Self::Invalid => 2,
            Self::Daemon(code) => code,
        }
    }
}

/// Why a command did not do what it was asked: bad usage or input.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stop(String);

impl Stop {
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Version and engine, and what else a report of a fault should name.
fn version() -> String {
    format!("{} (engine {}, SQLite {})", env!("CARGO_PKG_VERSION"), crate::model::ENGINE_VERSION, rusqlite::version())
}

pub fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Serve(args) => Ok(serve::run(&args)),
        Command::Lexicon(command) => lexicon::run(command),
        Command::Explain(args) => explain::run(&args),
        Command::Codes(args) => code_table::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Topics(command) => topics::run(&command),
        Command::Dlq(command) => dlq::run(&command),
        Command::Inbox(command) => inbox::run(&command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "xianshen", &mut script);
            print(&String::from_utf8(script)?)?;
            Ok(Exit::Nothing)
        }
    }
}

/// Writes a result to standard output. Unlike `println!` a reader that has gone away is an error, not a panic.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether a command ended because nobody reads its results any more (`| head`): no news for anybody.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
