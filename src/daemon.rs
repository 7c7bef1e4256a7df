//! One process from start to stop: puts the parts together, watches over them, takes them apart within ten seconds.
//! Must not know SQL, HTTP routes or rules.

use crate::config::{Config, LogFormat};
use crate::metrics::Metrics;
use crate::ruleset::Ruleset;
use crate::store::{Store, StoreError};
use crate::stream::pipeline::Pool;
use crate::stream::reload::{self, ActiveRules, Reload, Reloader, Trigger};
use crate::stream::{self};
use crate::web::auth::Tokens;
use crate::web::{self, AppState, connections};
use anyhow::Context;
use std::io::IsTerminal;
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
}

impl End {
    fn reason(&self) -> &str {
        match self {
            Self::Asked(signal) => signal,
            Self::NoRules => "the rules were refused",
            Self::StoreFailed(reason) => reason,
            Self::Exhausted => "too many judging threads are stuck",
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

    let opening = {
        let (options, metrics) = (config.store.clone(), Arc::clone(&metrics));
        tokio::task::spawn_blocking(move || Store::open(&options, metrics))
    };
    let store = tokio::select! {
        opened = opening => opened??,
        name = signals.next() => {
            tracing::info!(signal = name, "Stopped before the store was open.");
            return Ok(0);
        }
    };
    let rules = Arc::new(ActiveRules::default());
    let pool = Pool::start(&config.screening, Ruleset::judge, Arc::clone(&rules), store.clone(), Arc::clone(&metrics))?;
    let state = AppState::new(
        store.clone(),
        pool.clone(),
        Arc::clone(&rules),
        Arc::clone(&metrics),
        tokens,
        &config.web,
        config.store.data.clone(),
    );
    let first_rules = start_rules(config, &state, hangup)?;
    start_inbox(&state)?;

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
    if state.tokens.is_empty() {
        tracing::info!(%address, data = %data.display(), pending = store.pending(), "Listening on this machine only, as no token file is set.");
    } else {
        tracing::info!(%address, data = %data.display(), pending = store.pending(), "Listening; every request needs a token.");
    }

    let end = wait_for_end(&mut signals, &store, &pool, first_rules).await;
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
    let cut = serving.await.unwrap_or(0);
    if cut > 0 {
        tracing::warn!(connections = cut, "Connections were cut because their requests took too long.");
    }
    let closing = store.clone();
    tokio::task::spawn_blocking(move || {
        pool.stop(FINISH_JUDGING);
        closing.close();
    })
    .await?;
    let failure = store.failure().borrow().clone();
    Ok(match (end, failure) {
        (_, Some(reason)) => {
            tracing::error!(%reason, "The database could not be closed in order.");
            EXIT_IO
        }
        (End::NoRules, None) => EXIT_REFUSED,
        (End::Exhausted, None) => EXIT_RESTART,
        _ => {
            tracing::info!(pending = store.pending(), "Stopped in order.");
            0
        }
    })
}

/// Ends the process from wherever it is. Nothing is closed: after a failure of the disk that would write once more to a
/// disk that has just refused, and after a stop that hangs it would hang again.
#[expect(clippy::disallowed_methods, reason = "the only way out when a thread or the disk does not come back")]
fn end_now(code: u8) -> ! {
    std::process::exit(i32::from(code))
}

/// Waits for a reason to end. With the first rules a good set is meant: a later bad one changes nothing.
async fn wait_for_end(signals: &mut Signals, store: &Store, pool: &Pool, mut first_rules: oneshot::Receiver<Reload>) -> End {
    let mut failure = store.failure();
    let mut exhausted = pool.exhausted();
    let mut rules_pending = true;
    loop {
        tokio::select! {
            name = signals.next() => return End::Asked(name),
            failed = failure.wait_for(Option::is_some) => {
                return End::StoreFailed(failed.ok().and_then(|reason| reason.clone()).unwrap_or_default());
            }
            _ = exhausted.wait_for(|exhausted| *exhausted) => return End::Exhausted,
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
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // Full: a reload is waiting already.
            let _waiting_already = asked.try_send(Trigger::Asked);
        }
    });
    Ok(first)
}

/// Feeds the judging threads from the inbox on a thread of its own.
fn start_inbox(state: &AppState) -> anyhow::Result<()> {
    let (store, pool, rules) = (state.store.clone(), state.pool.clone(), Arc::clone(&state.rules));
    let stopping = Arc::clone(&state.stopping);
    std::thread::Builder::new()
        .name("inbox".into())
        .spawn(move || stream::inbox::feed(&store, &pool, &rules, || stopping.load(Ordering::Relaxed)))?;
    Ok(())
}
