//! One process from start to stop: puts the parts together, watches over them, takes them apart within ten seconds.
//! Must not know SQL, HTTP routes or rules.

use crate::config::{Config, LogFormat, Role};
use crate::metrics::Metrics;
use crate::ruleset::Ruleset;
use crate::store::{Store, StoreError};
use crate::stream::kafka::review::Review;
use crate::stream::kafka::screen::Screen;
use crate::stream::kafka::{KafkaError, Link};
use crate::stream::pipeline::Pool;
use crate::stream::reload::{self, ActiveRules, Reload, Reloader, Trigger};
use crate::stream::{self};
use crate::web::auth::Tokens;
use crate::web::{self, AppState, connections};
use anyhow::Context;
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// Configuration, rules or data that cannot be used.
const EXIT_REFUSED: u8 = 2;
/// The disk or the database failed (EX_IOERR).
const EXIT_IO: u8 = 74;
/// Stopped in disorder; start again (EX_TEMPFAIL).
const EXIT_RESTART: u8 = 75;

/// Requests under way may take this long once the process stops …
const FINISH_REQUESTS: Duration = Duration::from_secs(4);
/// … drafts being judged this long …
const FINISH_JUDGING: Duration = Duration::from_secs(2);
/// … and whatever happens, the process is gone by then.
const STOP_MAX: Duration = Duration::from_secs(9);
/// After a failure of the disk: time for the answers that say so.
const FAILURE_ANSWERS: Duration = Duration::from_millis(300);
/// How often the consumer is asked whether it can go on.
const LOOK_AT_KAFKA: Duration = Duration::from_millis(200);
/// Triggers of a reload that may wait: more than one changes nothing.
const TRIGGERS_WAITING_MAX: usize = 4;

/// Why the process ends.
enum End {
    /// SIGTERM or SIGINT.
    Asked(&'static str),
    /// The first rules were refused.
    NoRules,
    /// The disk or the database failed; nothing more may be written.
    StoreFailed(String),
    /// Too many judging threads are stuck.
    Exhausted,
    /// Nothing more can be consumed: settings to change, or a client to start anew.
    KafkaFailed(KafkaError),
}

impl End {
    fn reason(&self) -> String {
        match self {
            Self::Asked(signal) => (*signal).to_owned(),
            Self::NoRules => "the rules were refused".into(),
            Self::StoreFailed(reason) => reason.clone(),
            Self::Exhausted => "too many judging threads are stuck".into(),
            Self::KafkaFailed(error) => error.to_string(),
        }
    }
}

/// Runs the daemon; returns its exit status when it has stopped.
pub fn run(config: &Config) -> u8 {
    start_log(config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "The process cannot start its threads.");
            return EXIT_RESTART;
        }
    };
    let code = match runtime.block_on(serve(config)) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(reason = format!("{error:#}"), "The process cannot start.");
            EXIT_REFUSED
        }
    };
    // Threads that still read rules or judge hold nothing that must be saved.
    runtime.shutdown_background();
    code
}

fn start_log(config: &Config) {
    let json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(config.log_level).with_target(false);
    // A second daemon in one process (a test) keeps the first one's log.
    let _already = match json {
        true => builder.json().flatten_event(true).try_init(),
        false => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}

/// The message of a panic may quote what was being sliced, and that may be a draft: only the place is logged.
fn log_panics_by_place_only(metrics: &Arc<Metrics>) {
    let metrics = Arc::clone(metrics);
    std::panic::set_hook(Box::new(move |panic| {
        metrics.panics_total.inc();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name().unwrap_or_default(), "A part of the program panicked.");
    }));
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

async fn serve(config: &Config) -> anyhow::Result<u8> {
    // First of all, so that no signal meets the default action.
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?,
        interrupt: signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?,
    };
    let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be handled")?;
    let metrics = Arc::new(Metrics::new().context("the metrics cannot be set up")?);
    log_panics_by_place_only(&metrics);
    let tokens = match &config.token_file {
        Some(path) => Tokens::read(path).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())?,
        None => Tokens::default(),
    };
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {} (http.listen)", config.listen))?;
    let address = listener.local_addr()?;

    let store = match config.role {
        Role::Screen => None,
        Role::All | Role::Review => match open_store(config, &metrics, &mut signals).await? {
            Some(store) => Some(store),
            None => return Ok(0),
        },
    };
    let rules = Arc::new(ActiveRules::default());
    let pool = Pool::start(&config.screening, Ruleset::judge, Arc::clone(&rules), Arc::clone(&metrics))?;
    let mut state = AppState::new(
        store.clone(),
        pool.clone(),
        Arc::clone(&rules),
        Arc::clone(&metrics),
        tokens,
        &config.web,
        config.store.data.clone(),
    );
    state.kafka = match connect(config, &state).await {
        Ok(link) => link,
        Err(KafkaError::Unreachable(reason)) => {
            tracing::error!(%reason, "No broker answers; start again when one does.");
            return Ok(EXIT_RESTART);
        }
        Err(error) => return Err(error.into()),
    };
    let first_rules = start_rules(config, &state, hangup)?;
    let consuming = match (&state.kafka, &store) {
        (Some(link), _) => Some(start_link(link.clone(), &state)?),
        (None, Some(store)) => {
            start_inbox(&state, store)?;
            None
        }
        (None, None) => None,
    };

    let (stop, stopped) = watch::channel(false);
    let limits = connections::Limits {
        connections_max: config.web.connections_max,
        header_read_time_max: Duration::from_millis(config.web.header_read_ms_max),
        finish_time_max: FINISH_REQUESTS,
    };
    let router = web::router(state.clone());
    let serving = {
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move { connections::serve(listener, router, &limits, &metrics, stopped).await })
    };
    let data = std::path::absolute(&config.store.data).unwrap_or_else(|_| config.store.data.clone());
    let pending = store.as_ref().map_or(0, Store::pending);
    let data = if store.is_some() { data.display().to_string() } else { String::new() };
    if state.tokens.is_empty() {
        tracing::info!(%address, data, pending, "Listening on this machine only, as no token file is set.");
    } else {
        tracing::info!(%address, data, pending, "Listening; every request needs a token.");
    }

    let end = wait_for_end(&mut signals, &state, first_rules).await;
    state.stopping.store(true, Ordering::Relaxed);
    if let End::StoreFailed(reason) = &end {
        tracing::error!(%reason, "The disk or the database failed. The process ends; what was acknowledged is picked up at the next start.");
        stop.send_replace(true);
        tokio::time::sleep(FAILURE_ANSWERS).await;
        end_now(EXIT_IO);
    }
    tracing::info!(reason = end.reason(), "Stopping.");
    let (_in_time, overdue) = sync_channel::<()>(0);
    std::thread::Builder::new().name("stop-watchdog".into()).spawn(move || {
        if overdue.recv_timeout(STOP_MAX) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("Stopping took too long; the process ends now. What was acknowledged is on disk.");
            end_now(EXIT_RESTART);
        }
    })?;
    stop.send_replace(true);
    if let Some(link) = &state.kafka {
        link.stop();
    }
    let cut = serving.await.unwrap_or(0);
    if cut > 0 {
        tracing::warn!(connections = cut, "Connections were cut because their requests took too long.");
    }
    // What is under way between topics needs the judging threads and the store.
    let left_in_order = match consuming {
        Some(consumed) => consumed.await.unwrap_or(false),
        None => true,
    };
    let closing = store.clone();
    tokio::task::spawn_blocking(move || {
        pool.stop(FINISH_JUDGING);
        if let Some(store) = closing {
            store.close();
        }
    })
    .await?;
    let failure = store.as_ref().and_then(|store| store.failure().borrow().clone());
    Ok(match (end, failure) {
        (_, Some(reason)) => {
            tracing::error!(%reason, "The database could not be closed in order.");
            EXIT_IO
        }
        (End::NoRules, None) => EXIT_REFUSED,
        (End::Exhausted, None) => EXIT_RESTART,
        (End::KafkaFailed(KafkaError::Refused(_)), None) => EXIT_REFUSED,
        (End::KafkaFailed(_), None) => EXIT_RESTART,
        _ if !left_in_order => EXIT_RESTART,
        _ => {
            tracing::info!(pending = store.as_ref().map_or(0, Store::pending), "Stopped in order.");
            0
        }
    })
}

/// Opens the store; `None` when told to stop meanwhile.
async fn open_store(config: &Config, metrics: &Arc<Metrics>, signals: &mut Signals) -> anyhow::Result<Option<Store>> {
    let opening = {
        let (options, metrics) = (config.store.clone(), Arc::clone(metrics));
        tokio::task::spawn_blocking(move || Store::open(&options, metrics))
    };
    tokio::select! {
        opened = opening => Ok(Some(opened??)),
        name = signals.next() => {
            tracing::info!(signal = name, "Stopped before the store was open.");
            Ok(None)
        }
    }
}

/// Connects to Kafka where the role asks for it.
async fn connect(config: &Config, state: &AppState) -> Result<Option<Link>, KafkaError> {
    let (options, data, metrics) = (config.kafka.clone(), config.store.data.clone(), Arc::clone(&state.metrics));
    let (pool, rules, store) = (state.pool.clone(), Arc::clone(&state.rules), state.store.clone());
    let connecting = match (config.role, store) {
        (Role::Screen, _) => tokio::task::spawn_blocking(move || Screen::new(&options, &data, pool, rules, metrics).map(Link::Screen)),
        (Role::Review, Some(store)) => tokio::task::spawn_blocking(move || Review::new(&options, store, metrics).map(Link::Review)),
        (Role::All, _) | (Role::Review, None) => return Ok(None),
    };
    connecting.await.unwrap_or_else(|error| Err(KafkaError::Client(error.to_string()))).map(Some)
}

/// Works between topics on a thread of its own; tells when that has ended, and whether in order.
fn start_link(link: Link, state: &AppState) -> anyhow::Result<oneshot::Receiver<bool>> {
    let stopping = Arc::clone(&state.stopping);
    let (ended, end) = oneshot::channel();
    if let Link::Review(review) = &link {
        let (review, stopping) = (Arc::clone(review), Arc::clone(&state.stopping));
        std::thread::Builder::new().name("forward".into()).spawn(move || review.forward(|| stopping.load(Ordering::Relaxed)))?;
    }
    if let Link::Review(review) = &link {
        let (review, stopping) = (Arc::clone(review), Arc::clone(&state.stopping));
        std::thread::Builder::new().name("outbox".into()).spawn(move || review.relay(|| stopping.load(Ordering::Relaxed)))?;
    }
    std::thread::Builder::new().name("kafka".into()).spawn(move || {
        let run = || link.run(|| stopping.load(Ordering::Relaxed));
        let in_order = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            link.fail(KafkaError::Client("the thread that consumes has panicked".into()));
            false
        });
        // Nobody waits any more when the stop took too long.
        let _late = ended.send(in_order);
    })?;
    Ok(end)
}

/// Ends the process from wherever it is. Nothing is closed: after a failure of the disk that would write once more to a
/// disk that has just refused, and after a stop that hangs it would hang again.
#[expect(clippy::disallowed_methods, reason = "the only way out when a thread or the disk does not come back")]
fn end_now(code: u8) -> ! {
    std::process::exit(i32::from(code))
}

/// Waits for a reason to end. With the first rules a good set is meant: a later bad one changes nothing.
async fn wait_for_end(signals: &mut Signals, state: &AppState, mut first_rules: oneshot::Receiver<Reload>) -> End {
    // Without a store nothing of it can fail; the sender stays, so that nothing is told.
    let (_never, nothing) = watch::channel(None);
    let mut failure = state.store.as_ref().map_or(nothing, Store::failure);
    let mut exhausted = state.pool.exhausted();
    let mut look = tokio::time::interval(LOOK_AT_KAFKA);
    let mut rules_pending = true;
    loop {
        tokio::select! {
            name = signals.next() => return End::Asked(name),
            failed = failure.wait_for(Option::is_some) => {
                return End::StoreFailed(failed.ok().and_then(|reason| reason.clone()).unwrap_or_default());
            }
            _ = exhausted.wait_for(|exhausted| *exhausted) => return End::Exhausted,
            _ = look.tick(), if state.kafka.is_some() => {
                if let Some(error) = state.kafka.as_ref().and_then(Link::fatal) {
                    return End::KafkaFailed(error);
                }
            }
            first = &mut first_rules, if rules_pending => match first {
                Ok(Reload::Refused(_)) | Err(_) => return End::NoRules,
                Ok(Reload::NotKept(StoreError::Failed(reason))) => return End::StoreFailed(reason),
                // With a full disk the rules are tried again until there is room; the process is not ready meanwhile.
                Ok(_) => rules_pending = false,
            }
        }
    }
}

/// Loads the rules on a thread of their own and keeps them up to date; reports how the first load went.
fn start_rules(config: &Config, state: &AppState, mut hangup: Signal) -> anyhow::Result<oneshot::Receiver<Reload>> {
    let reloader = Reloader {
        paths: config.rules.clone(),
        rules: Arc::clone(&state.rules),
        store: state.store.clone(),
        metrics: Arc::clone(&state.metrics),
        try_cases: |ruleset, files| crate::cases::run(ruleset, files).problems,
    };
    let (report, first) = oneshot::channel();
    let (sender, triggers) = sync_channel(TRIGGERS_WAITING_MAX);
    let poll = config.rules_poll;
    let asked: SyncSender<Trigger> = sender.clone();
    std::thread::Builder::new().name("rules".into()).spawn(move || {
        let outcome = reloader.reload();
        let not_kept = matches!(outcome, Reload::NotKept(_));
        // Nobody listens any more when the process is stopping already.
        let _stopping = report.send(outcome);
        reload::watch(&reloader, &sender, &triggers, poll, not_kept);
    })?;
    let link = state.kafka.clone();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Some(link) = &link {
                link.go_on();
            }
            // Full: a reload is waiting already.
            let _waiting_already = asked.try_send(Trigger::Asked);
        }
    });
    Ok(first)
}

/// Feeds the judging threads from the inbox on a thread of its own.
fn start_inbox(state: &AppState, store: &Store) -> anyhow::Result<()> {
    let (store, pool, rules) = (store.clone(), state.pool.clone(), Arc::clone(&state.rules));
    let stopping = Arc::clone(&state.stopping);
    std::thread::Builder::new()
        .name("inbox".into())
        .spawn(move || stream::inbox::feed(&store, &pool, &rules, || stopping.load(Ordering::Relaxed)))?;
    Ok(())
}
