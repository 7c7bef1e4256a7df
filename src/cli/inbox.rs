//! `xianshen inbox`: carries what waits in an office's embedded inbox over to Kafka.
//! Must not know how the inbox is stored.

use super::cluster::Cluster;
use super::{Exit, print};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::stream::kafka::forward::{self, ForwardError};
use crate::stream::kafka::producer::Producer;
use crate::stream::kafka::record::Outputs;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Hand an office's inbox and store to the topics
    ///
    /// Drafts that wait to be screened go to the topic of drafts, screened ones with their verdicts to the topics of
    /// verdicts and reviewers. The daemon of the data folder must be stopped. A draft counts as handed over when the brokers
    /// have it; an attempt that is cut off is simply repeated. Exit status: 0 all is handed over; 2 not all could be.
    Forward(ForwardArgs),
}

#[derive(Debug, clap::Args)]
pub struct ForwardArgs {
    #[command(flatten)]
    cluster: Cluster,
    /// Folder of the database; overrides `store.data` of the configuration.
    #[arg(long, visible_alias = "store", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only what waits to be screened: `serve --role review` goes on with the same folder.
    #[arg(long)]
    inbox_only: bool,
}

pub fn run(command: &InboxCommand) -> anyhow::Result<Exit> {
    let InboxCommand::Forward(args) = command;
    let configured = args.cluster.configured(|config| {
        if let Some(data) = &args.data {
            config.store.data.clone_from(data);
        }
    });
    let Some(config) = configured else { return Ok(Exit::Invalid) };
    let metrics = Arc::new(Metrics::new()?);
    let producer = Producer::new(&config.kafka, "xianshen-inbox", Arc::clone(&metrics))?;
    let topic = config.kafka.topic_drafts();
    producer.partitions(&topic, Duration::from_secs(20))?;
    let outputs = Outputs::new(&config.kafka, producer.partitions(&config.kafka.topic_verdicts(), Duration::from_secs(20))?);
    let store = Store::open(&config.store, metrics)?;
    // The screened ones first: a draft that is judged again gets its new verdict after the old one.
    let carried = if args.inbox_only { Ok(()) } else { carry(&store, &producer, &outputs) };
    let forwarded = carried.and_then(|()| forward(&store, &producer, &topic));
    producer.close(Duration::from_secs(5));
    store.close();
    match forwarded {
        Ok(()) => Ok(Exit::Nothing),
        Err(error @ (ForwardError::Store(_) | ForwardError::TooLarge { .. } | ForwardError::Stopped)) => {
            eprintln!("{error}");
            Ok(Exit::Invalid)
        }
    }
}

fn progress(all: u64) -> ProgressBar {
    ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr()).with_message("已移交")
}

fn forward(store: &Store, producer: &Producer, topic: &Arc<str>) -> Result<(), ForwardError> {
    let waiting = store.pending();
    let bar = progress(waiting);
    let forwarded = forward::forward(store, producer, topic, || false, |done| bar.set_position(done));
    bar.finish_and_clear();
    let left = store.pending();
    say(&format!("收件箱原有 {waiting} 件，移交 {} 件到 {topic}，还剩 {left} 件\n", waiting.saturating_sub(left)));
    forwarded.map(|_| ())
}

fn carry(store: &Store, producer: &Producer, outputs: &Outputs) -> Result<(), ForwardError> {
    let screened = store.not_carried()?;
    let bar = progress(screened);
    let carried = forward::carry(store, producer, outputs, || false, |done| bar.set_position(done));
    bar.finish_and_clear();
    let left = store.not_carried()?;
    say(&format!("审完而未移交的原有 {screened} 件，移交 {} 件（结论与待审），还剩 {left} 件\n", screened.saturating_sub(left)));
    carried.map(|_| ())
}

/// Whoever has closed the pipe learns the same from the exit status.
fn say(line: &str) {
    let _unread = print(line);
}
