//! `xianshen dlq`: looks through the records that could not be screened, and sends them back.
//! Shows where they are and why, not what they say, unless asked for one of them.

use super::cluster::Cluster;
use super::{Exit, print};
use crate::metrics::Metrics;
use crate::stream::kafka::dlq::{self, Letter, Place};
use crate::stream::kafka::producer::Producer;
use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// List the records that could not be screened: where, when, why
    ///
    /// Exit status: 0 none; 1 some; 2 the brokers do not answer.
    List(ListArgs),
    /// Show one of them: its headers, and with --payload its bytes as they came
    Show(ShowArgs),
    /// Send them back to the topic they came from, to be screened again
    ///
    /// Exit status: 0 all that were asked for are back; 1 some cannot go back; 2 the brokers do not answer.
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    cluster: Cluster,
    /// Only those with this error code.
    #[arg(long)]
    code: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    #[command(flatten)]
    cluster: Cluster,
    /// Partition and offset in the dead-letter topic, as `list` shows them.
    #[arg(value_name = "PARTITION/OFFSET")]
    place: Place,
    /// Write the bytes of the record to standard output, nothing else. They may hold text of a draft.
    #[arg(long)]
    payload: bool,
}

#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    cluster: Cluster,
    /// Only those with this error code.
    #[arg(long)]
    code: Option<String>,
    /// Only these, as `list` shows them.
    #[arg(value_name = "PARTITION/OFFSET")]
    places: Vec<Place>,
    /// All of them.
    #[arg(long, conflicts_with_all = ["code", "places"])]
    all: bool,
}

pub fn run(command: &DlqCommand) -> anyhow::Result<Exit> {
    match command {
        DlqCommand::List(args) => list(args),
        DlqCommand::Show(args) => show(args),
        DlqCommand::Replay(args) => replay(args),
    }
}

fn has_code(letter: &Letter, code: Option<&String>) -> bool {
    code.is_none_or(|code| letter.header("error_code") == *code)
}

fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let Some(config) = args.cluster.configured(|_| {}) else { return Ok(Exit::Invalid) };
    let mut found = 0_u64;
    dlq::read(&config.kafka, |letter, _| {
        if has_code(&letter, args.code.as_ref()) {
            found += 1;
            let moment = letter.header("original_timestamp").parse::<i64>().map_or_else(|_| String::new(), crate::stream::moment);
            let line = format!(
                "{}\t{moment}\t{}\t{}/{}/{}\t{} 字节\t{}\n",
                letter.place,
                letter.header("error_code"),
                letter.header("original_topic"),
                letter.header("original_partition"),
                letter.header("original_offset"),
                letter.payload.len(),
                letter.header("error_detail"),
            );
            return Ok(print(&line).is_ok());
        }
        Ok(true)
    })?;
    Ok(if found == 0 { Exit::Nothing } else { Exit::Something })
}

fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let Some(config) = args.cluster.configured(|_| {}) else { return Ok(Exit::Invalid) };
    let mut shown = None;
    dlq::read(&config.kafka, |letter, _| {
        let here = letter.place == args.place;
        if here {
            shown = Some(letter);
        }
        Ok(!here)
    })?;
    let letter = shown.with_context(|| format!("死信主题里没有 {} / there is no such record", args.place))?;
    if args.payload {
        let mut out = std::io::stdout().lock();
        out.write_all(&letter.payload)?;
        out.flush()?;
    } else {
        let mut lines = format!("{}\nkey\t{}\n", letter.place, String::from_utf8_lossy(&letter.key).escape_debug());
        for name in letter.headers.keys() {
            lines += &format!("{}\t{}\n", name.escape_debug(), letter.header(name));
        }
        lines += &format!("{} 字节；加 --payload 取原文\n", letter.payload.len());
        print(&lines)?;
    }
    Ok(Exit::Nothing)
}

fn replay(args: &ReplayArgs) -> anyhow::Result<Exit> {
    if !args.all && args.code.is_none() && args.places.is_empty() {
        eprintln!("说明要重放哪些：--code 代码、分区/偏移，或 --all / say which: --code CODE, PARTITION/OFFSET or --all");
        return Ok(Exit::Invalid);
    }
    let Some(config) = args.cluster.configured(|_| {}) else { return Ok(Exit::Invalid) };
    let producer = Producer::new(&config.kafka, "xianshen-dlq", Arc::new(Metrics::new()?))?;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let wanted = |letter: &Letter| has_code(letter, args.code.as_ref()) && (args.places.is_empty() || args.places.contains(&letter.place));
    let replayed = dlq::replay(&config.kafka, &producer, wanted, |reading, sent| {
        bar.set_length(reading.of);
        bar.set_position(reading.looked_at);
        bar.set_message(format!("已送回 {sent} 条"));
    })?;
    producer.close(Duration::from_secs(5));
    bar.finish_and_clear();
    print(&format!("送回 {} 条，{} 条送不回（来源主题不在本系统内，或超过主题上限）\n", replayed.sent, replayed.refused))?;
    Ok(if replayed.refused == 0 { Exit::Nothing } else { Exit::Something })
}
