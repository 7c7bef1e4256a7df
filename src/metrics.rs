//! Every figure the daemon shows, in one list; the doc comment of a field is its public documentation.
//! Must not know where the figures come from. No label ever holds text of a draft, a unit, an account or an address.

use crate::model::{ENGINE_VERSION, Queue, UndeterminedReason};
use prometheus::{
    Counter, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};

/// Most time series that `/metrics` may show.
pub const SERIES_MAX: usize = 2_000;
/// Media type of what [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Reading, judging and writing one draft: a tenth of a millisecond to five seconds.
const STAGE_SECONDS: [f64; 14] = [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// From the arrival of a draft to its stored verdict.
const END_TO_END_SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 60.0, 300.0];
const BATCH_ITEMS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    /// Version of the program; always 1.
    pub build_info: GaugeVec,
    /// Drafts offered, by source and result: over `http` `current`, `superseded`, `same`, `conflict`, `refused`,
    /// `unavailable`; from `kafka` `read`, `tombstone`, `unreadable`.
    pub input_records_total: IntCounterVec,
    /// Bytes of the drafts that were read.
    pub input_bytes_total: Counter,
    /// Time one stage takes for one draft: `decode` (bytes to draft), `store` (waiting for the commit), `judge`, `produce`
    /// (until the brokers have what it came to).
    pub stage_duration_seconds: HistogramVec,
    /// From the arrival of a draft to its stored verdict.
    pub end_to_end_seconds: Histogram,
    /// Verdicts stored, by queue.
    pub verdicts_total: IntCounterVec,
    /// Verdicts that leave the draft to a person because the machine could not judge it, by reason.
    pub undetermined_total: IntCounterVec,
    /// Drafts being judged at this moment.
    pub inflight_records: Gauge,
    /// When a verdict was last stored (Unix time).
    pub last_processed_timestamp_seconds: Gauge,
    /// Drafts stored and waiting to be judged.
    pub inbox_items: Gauge,
    /// Age of the oldest draft waiting to be judged.
    pub inbox_oldest_seconds: Gauge,
    /// Threads whose draft ran out of its time and that have not come back.
    pub judge_stuck_threads: Gauge,
    /// Time of one commit, which makes a batch of writes durable.
    pub store_commit_seconds: Histogram,
    /// Writes that share one commit.
    pub store_batch_items: Histogram,
    /// Commits put off because another process held the database.
    pub store_busy_total: IntCounter,
    /// Commits refused because the disk was full.
    pub store_full_total: IntCounter,
    /// Size of the write-ahead log in use.
    pub store_wal_bytes: Gauge,
    /// Room left on the disk of the data folder.
    pub disk_free_bytes: Gauge,
    /// Items waiting for a reviewer, by queue.
    pub review_queue_items: GaugeVec,
    /// Age of the oldest item waiting for a reviewer, by queue; 0 for an empty queue.
    pub review_oldest_item_seconds: GaugeVec,
    /// The rule set in use; always 1.
    pub ruleset_info: GaugeVec,
    /// When the rule set in use was loaded (Unix time).
    pub ruleset_loaded_timestamp_seconds: Gauge,
    /// Reloads, by result: `applied`, `unchanged`, `refused`.
    pub ruleset_reload_total: IntCounterVec,
    /// Requests answered, by route, method and class of status.
    pub http_requests_total: IntCounterVec,
    /// Time from the head of a request to its answer, by route.
    pub http_request_duration_seconds: HistogramVec,
    /// Open connections.
    pub http_connections: Gauge,
    /// Connections turned away because too many were open.
    pub http_connections_refused_total: IntCounter,
    /// Requests turned away for want of a right, by reason: `token`, `origin`, `host`; at the console `login` (a wrong token
    /// was typed) and `attempts` (too many of them).
    pub auth_failures_total: IntCounterVec,
    /// Panics anywhere in the process.
    pub panics_total: IntCounter,
    /// Age of the oldest record under way.
    pub oldest_inflight_seconds: Gauge,
    /// Fields of records that a draft does not have; they are left out.
    pub ignored_fields_total: IntCounter,
    /// Records of a partition of ours that are not finished yet.
    pub kafka_consumer_lag_records: GaugeVec,
    /// Records fetched whose effect is not durable yet.
    pub kafka_inflight_records: Gauge,
    /// Age of the oldest record under way, by its timestamp; 0 when all is done.
    pub kafka_lag_seconds: Gauge,
    /// Longest pause between two polls within the last one to two minutes.
    pub kafka_poll_gap_seconds: Gauge,
    /// Rebalances, by kind: `assigned`, `revoked`, `lost`.
    pub kafka_rebalances_total: IntCounterVec,
    /// Time that partitions took to finish what was under way before they were given up.
    pub kafka_rebalance_drain_seconds: Histogram,
    /// Commits that failed, by error code.
    pub kafka_commit_failures_total: IntCounterVec,
    /// Completions of records whose partition had left by then; they are done again elsewhere.
    pub kafka_stale_completions_total: IntCounter,
    /// Partitions that are not fetched because enough of them is under way.
    pub kafka_paused_partitions: Gauge,
    /// Partitions that stand still because their committed offset is out of range.
    pub kafka_stopped_partitions: Gauge,
    /// Records waiting in the producer.
    pub producer_queue_messages: Gauge,
    /// Records that the brokers did not take at once, by error code.
    pub producer_delivery_errors_total: IntCounterVec,
    /// Records given to the dead-letter topic, by reason.
    pub dlq_records_total: IntCounterVec,
    /// Attempts to write the dead-letter topic that failed.
    pub dlq_write_failures_total: IntCounter,
    /// 1 while consumption stands still because too many records cannot be read.
    pub dlq_breaker_open: Gauge,
    /// Events that wait to leave for Kafka.
    pub outbox_items: Gauge,
    /// Age of the oldest of them.
    pub outbox_oldest_seconds: Gauge,
}

impl Metrics {
    /// A fresh set, all at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("xianshen".into()), None)?;
        let r = &registry;
        let metrics = Self {
            build_info: gauges(r, "build_info", "Version of the program; always 1.", &["version"])?,
            input_records_total: counters(r, "input_records_total", "Drafts offered, by source and result.", &["source", "result"])?,
            input_bytes_total: register(r, Counter::new("input_bytes_total", "Bytes of the drafts that were read.")?)?,
            stage_duration_seconds: histograms(
                r,
                "stage_duration_seconds",
                "Time one stage takes for one draft: decode, store (waiting for the commit), judge, produce (until the brokers have it).",
                &["stage"],
                &STAGE_SECONDS,
            )?,
            end_to_end_seconds: histogram(
                r,
                "end_to_end_seconds",
                "From the arrival of a draft to its stored verdict.",
                &END_TO_END_SECONDS,
            )?,
            verdicts_total: counters(r, "verdicts_total", "Verdicts stored, by queue.", &["queue"])?,
            undetermined_total: counters(
                r,
                "undetermined_total",
                "Verdicts that leave the draft to a person because the machine could not judge it, by reason.",
                &["reason"],
            )?,
            inflight_records: gauge(r, "inflight_records", "Drafts being judged at this moment.")?,
            last_processed_timestamp_seconds: gauge(r, "last_processed_timestamp_seconds", "When a verdict was last stored (Unix time).")?,
            inbox_items: gauge(r, "inbox_items", "Drafts stored and waiting to be judged.")?,
            inbox_oldest_seconds: gauge(r, "inbox_oldest_seconds", "Age of the oldest draft waiting to be judged.")?,
            judge_stuck_threads: gauge(r, "judge_stuck_threads", "Threads whose draft ran out of its time and that have not come back.")?,
            store_commit_seconds: histogram(
                r,
                "store_commit_seconds",
                "Time of one commit, which makes a batch of writes durable.",
                &STAGE_SECONDS,
            )?,
            store_batch_items: histogram(r, "store_batch_items", "Writes that share one commit.", &BATCH_ITEMS)?,
            store_busy_total: counter(r, "store_busy_total", "Commits put off because another process held the database.")?,
            store_full_total: counter(r, "store_full_total", "Commits refused because the disk was full.")?,
            store_wal_bytes: gauge(r, "store_wal_bytes", "Size of the write-ahead log in use.")?,
            disk_free_bytes: gauge(r, "disk_free_bytes", "Room left on the disk of the data folder.")?,
            review_queue_items: gauges(r, "review_queue_items", "Items waiting for a reviewer, by queue.", &["queue"])?,
            review_oldest_item_seconds: gauges(
                r,
                "review_oldest_item_seconds",
                "Age of the oldest item waiting for a reviewer, by queue; 0 for an empty queue.",
                &["queue"],
            )?,
            ruleset_info: gauges(r, "ruleset_info", "The rule set in use; always 1.", &["ruleset"])?,
            ruleset_loaded_timestamp_seconds: gauge(
                r,
                "ruleset_loaded_timestamp_seconds",
                "When the rule set in use was loaded (Unix time).",
            )?,
            ruleset_reload_total: counters(r, "ruleset_reload_total", "Reloads, by result: applied, unchanged, refused.", &["result"])?,
            http_requests_total: counters(
                r,
                "http_requests_total",
                "Requests answered, by route, method and class of status.",
                &["route", "method", "status_class"],
            )?,
            http_request_duration_seconds: histograms(
                r,
                "http_request_duration_seconds",
                "Time from the head of a request to its answer, by route.",
                &["route"],
                &STAGE_SECONDS,
            )?,
            http_connections: gauge(r, "http_connections", "Open connections.")?,
            http_connections_refused_total: counter(
                r,
                "http_connections_refused_total",
                "Connections turned away because too many were open.",
            )?,
            auth_failures_total: counters(
                r,
                "auth_failures_total",
                "Requests turned away for want of a right, by reason: token, origin, host, login, attempts.",
                &["reason"],
            )?,
            panics_total: counter(r, "panics_total", "Panics anywhere in the process.")?,
            oldest_inflight_seconds: gauge(r, "oldest_inflight_seconds", "Age of the oldest record under way.")?,
            ignored_fields_total: counter(r, "ignored_fields_total", "Fields of records that a draft does not have; they are left out.")?,
            kafka_consumer_lag_records: gauges(
                r,
                "kafka_consumer_lag_records",
                "Records of a partition of ours that are not finished yet.",
                &["topic", "partition"],
            )?,
            kafka_inflight_records: gauge(r, "kafka_inflight_records", "Records fetched whose effect is not durable yet.")?,
            kafka_lag_seconds: gauge(r, "kafka_lag_seconds", "Age of the oldest record under way, by its timestamp; 0 when all is done.")?,
            kafka_poll_gap_seconds: gauge(
                r,
                "kafka_poll_gap_seconds",
                "Longest pause between two polls within the last one to two minutes.",
            )?,
            kafka_rebalances_total: counters(r, "kafka_rebalances_total", "Rebalances, by kind: assigned, revoked, lost.", &["kind"])?,
            kafka_rebalance_drain_seconds: histogram(
                r,
                "kafka_rebalance_drain_seconds",
                "Time that partitions took to finish what was under way before they were given up.",
                &STAGE_SECONDS,
            )?,
            kafka_commit_failures_total: counters(r, "kafka_commit_failures_total", "Commits that failed, by error code.", &["code"])?,
            kafka_stale_completions_total: counter(
                r,
                "kafka_stale_completions_total",
                "Completions of records whose partition had left by then; they are done again elsewhere.",
            )?,
            kafka_paused_partitions: gauge(
                r,
                "kafka_paused_partitions",
                "Partitions that are not fetched because enough of them is under way.",
            )?,
            kafka_stopped_partitions: gauge(
                r,
                "kafka_stopped_partitions",
                "Partitions that stand still because their committed offset is out of range.",
            )?,
            producer_queue_messages: gauge(r, "producer_queue_messages", "Records waiting in the producer.")?,
            producer_delivery_errors_total: counters(
                r,
                "producer_delivery_errors_total",
                "Records that the brokers did not take at once, by error code.",
                &["code"],
            )?,
            dlq_records_total: counters(r, "dlq_records_total", "Records given to the dead-letter topic, by reason.", &["reason"])?,
            dlq_write_failures_total: counter(r, "dlq_write_failures_total", "Attempts to write the dead-letter topic that failed.")?,
            dlq_breaker_open: gauge(r, "dlq_breaker_open", "1 while consumption stands still because too many records cannot be read.")?,
            outbox_items: gauge(r, "outbox_items", "Events that wait to leave for Kafka.")?,
            outbox_oldest_seconds: gauge(r, "outbox_oldest_seconds", "Age of the oldest event that waits to leave for Kafka.")?,
            registry,
        };
        metrics.name_the_known_labels();
        Ok(metrics)
    }

    /// A series that has not happened yet stands at 0, so that a rate over it works from the first event.
    fn name_the_known_labels(&self) {
        self.build_info.with_label_values(&[ENGINE_VERSION]).set(1.0);
        for result in ["current", "superseded", "same", "conflict", "refused", "unavailable"] {
            self.input_records_total.with_label_values(&["http", result]);
        }
        for result in ["read", "tombstone", "unreadable"] {
            self.input_records_total.with_label_values(&["kafka", result]);
        }
        for kind in ["assigned", "revoked", "lost"] {
            self.kafka_rebalances_total.with_label_values(&[kind]);
        }
        for stage in ["decode", "store", "judge", "produce"] {
            self.stage_duration_seconds.with_label_values(&[stage]);
        }
        for queue in Queue::ALL {
            self.verdicts_total.with_label_values(&[queue.as_str()]);
            self.review_queue_items.with_label_values(&[queue.as_str()]);
            self.review_oldest_item_seconds.with_label_values(&[queue.as_str()]);
        }
        use UndeterminedReason::{Limit, Panic, Timeout, Unreadable, Unsupported};
        for reason in [Timeout, Panic, Limit, Unsupported, Unreadable] {
            self.undetermined_total.with_label_values(&[reason.as_str()]);
        }
        for result in ["applied", "unchanged", "refused"] {
            self.ruleset_reload_total.with_label_values(&[result]);
        }
        for reason in ["token", "origin", "host", "login", "attempts"] {
            self.auth_failures_total.with_label_values(&[reason]);
        }
    }

    /// Records of a partition that are not committed yet.
    pub fn show_lag(&self, topic: &str, partition: i32, records: i64) {
        self.kafka_consumer_lag_records.with_label_values(&[topic, &partition.to_string()]).set(records as f64);
    }

    /// The partition is somebody else's from here on, and so is its figure.
    pub fn forget_lag(&self, topic: &str, partition: i32) {
        // An error says that it was never shown.
        let _absent = self.kafka_consumer_lag_records.remove_label_values(&[topic, &partition.to_string()]);
    }

    /// The rule set in use from now on.
    pub fn show_ruleset(&self, id: &str, loaded_at_ms: i64) {
        self.ruleset_info.reset();
        self.ruleset_info.with_label_values(&[id]).set(1.0);
        self.ruleset_loaded_timestamp_seconds.set(loaded_at_ms as f64 / 1e3);
    }

    /// The text that Prometheus scrapes.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn register<M: prometheus::core::Collector + Clone + 'static>(registry: &Registry, metric: M) -> Result<M, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
    register(registry, Gauge::new(name, help)?)
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
    register(registry, GaugeVec::new(Opts::new(name, help), labels)?)
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    register(registry, IntCounter::new(name, help)?)
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    register(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
    register(registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> Result<HistogramVec, prometheus::Error> {
    register(registry, HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a name may end in; `_info` names a thing that is always 1.
    const UNITS: [&str; 12] =
        ["total", "seconds", "bytes", "items", "records", "threads", "connections", "info", "ratio", "partitions", "messages", "open"];

    #[test]
    fn every_name_has_the_prefix_and_ends_in_a_unit() {
        let metrics = Metrics::new().expect("metrics");
        metrics.show_ruleset("0123456789abcdef", 1);
        metrics.http_requests_total.with_label_values(&["/healthz", "GET", "2xx"]).inc();
        metrics.http_request_duration_seconds.with_label_values(&["/healthz"]).observe(0.1);
        metrics.show_lag("xianshen.drafts", 0, 0);
        metrics.kafka_commit_failures_total.with_label_values(&["Fail"]).inc();
        metrics.producer_delivery_errors_total.with_label_values(&["Fail"]).inc();
        metrics.dlq_records_total.with_label_values(&["not_json"]).inc();
        let text = metrics.render().expect("text");
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|l| l.split(' ').next()).collect();
        assert_eq!(names.len(), 48, "a metric without a series is not rendered, and one is missing here: {names:?}");
        for name in names {
            let unit = name.strip_prefix("xianshen_").and_then(|n| n.rsplit('_').next()).expect("prefix");
            assert!(UNITS.contains(&unit), "{name}");
        }
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(series <= SERIES_MAX, "{series}");
    }

    #[test]
    fn a_new_ruleset_takes_the_place_of_the_old_one() {
        let metrics = Metrics::new().expect("metrics");
        metrics.show_ruleset("aaaaaaaaaaaaaaaa", 1);
        metrics.show_ruleset("bbbbbbbbbbbbbbbb", 2);
        let text = metrics.render().expect("text");
        assert!(text.contains("ruleset=\"bbbbbbbbbbbbbbbb\"") && !text.contains("aaaaaaaaaaaaaaaa"));
    }
}
