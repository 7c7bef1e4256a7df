//! `xianshen inbox`: carries what waits in an office's embedded inbox over to Kafka.
//! Must not know how the inbox is stored.

use super::cluster::Cluster;
use super::{Exit, print};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::stream::kafka::forward::{self, ForwardError};
use crate::stream::kafka::producer::Producer;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Hand the drafts that wait to be screened to the topic of drafts
    ///
    /// The daemon of the data folder must be stopped. Each draft leaves the inbox when the brokers have it; an attempt
    /// that is cut off is simply repeated. Items that are screened already stay in the store, where `serve --role review`
    /// shows them. Exit status: 0 the inbox is empty; 2 not all could be handed over.
    Forward(ForwardArgs),
}

#[derive(Debug, clap::Args)]
pub struct ForwardArgs {
    #[command(flatten)]
    cluster: Cluster,
    /// Folder of the database; overrides `store.data` of the configuration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
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
    let store = Store::open(&config.store, metrics)?;
    let waiting = store.pending();
    let bar = ProgressBar::with_draw_target(Some(waiting), ProgressDrawTarget::stderr()).with_message("已移交");
    let forwarded = forward::forward(&store, &producer, &topic, || false, |done| bar.set_position(done));
    bar.finish_and_clear();
    producer.close(Duration::from_secs(5));
    let left = store.pending();
    store.close();
    print(&format!("收件箱原有 {waiting} 件，移交 {} 件到 {topic}，还剩 {left} 件\n", waiting.saturating_sub(left)))?;
    match forwarded {
        Ok(_) => Ok(Exit::Nothing),
        Err(error @ (ForwardError::Store(_) | ForwardError::TooLarge { .. } | ForwardError::Stopped)) => {
            eprintln!("{error}");
            Ok(Exit::Invalid)
        }
    }
}
