//! Which rule files a command uses, and the ruleset they compile to.
//! Must not know drafts.

use super::Stop;
use crate::rule_files::{self, RulePaths};
use crate::ruleset::{Problem, RuleFiles, Ruleset};
use clap::Args;
use std::path::PathBuf;

/// Problems shown before whatever was asked for is given up.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// Rule files to use instead of the shipped ones.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rules (each defaults to the shipped one)")]
pub struct RuleArgs {
    /// Folder of dictionaries
    #[arg(long, value_name = "DIR")]
    pub dictionaries: Option<PathBuf>,
    /// Policy: severities, queues, levels
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Units, their hosts and account kinds
    #[arg(long, value_name = "FILE")]
    pub units: Option<PathBuf>,
}

impl RuleArgs {
    pub fn read(&self) -> anyhow::Result<RuleFiles> {
        let paths = RulePaths { dictionaries: self.dictionaries.clone(), policy: self.policy.clone(), units: self.units.clone() };
        Ok(rule_files::read(&paths)?)
    }

    /// The compiled set and the files it comes from. Problems go to standard error.
    pub fn compile(&self) -> anyhow::Result<(Ruleset, RuleFiles)> {
        let files = self.read()?;
        let ruleset = Ruleset::compile(&files).map_err(|problems| refused("the rules", &problems))?;
        Ok((ruleset, files))
    }
}

/// Says on standard error what is wrong with a set, as far as a person reads on.
pub fn refused(name: &str, problems: &[Problem]) -> Stop {
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        eprintln!("{}", problem_line(problem));
    }
    let more = if problems.len() > PROBLEMS_SHOWN_MAX { "; `xianshen lexicon check` lists them all" } else { "" };
    Stop::invalid(format!("{name}: {} problem(s){more}", problems.len()))
}

/// `file:line [key]: reason（cure）`, neutralised: a dictionary may hold anything.
pub fn problem_line(problem: &Problem) -> String {
    super::terminal::neutral(&problem.to_string())
}
