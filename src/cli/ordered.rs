//! A bounded pool: one thread reads items, several work on them, results come out in the order of the items.
//! Must not know what the items are.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the next result may keep the ones already delivered from being flushed.
const FLUSH_DELAY: Duration = Duration::from_millis(5);

/// How much may be read and not yet delivered.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub items_max: usize,
    /// Bytes of input; one item over it is let through when it is alone.
    pub bytes_max: usize,
}

/// Takes the results in order.
pub trait Sink<O> {
    fn put(&mut self, result: O) -> io::Result<()>;
    /// No further result is there yet: whoever waits for the ones put so far should get them now.
    fn pause(&mut self) -> io::Result<()>;
}

/// Hands items to the workers; blocks while the window is full.
pub struct Feed<I, O>(Arc<Shared<I, O>>);

struct Shared<I, O> {
    state: Mutex<State<I, O>>,
    /// There is room in the window, or the sink is gone.
    room: Condvar,
    /// There is an item to work on, or there will be no more.
    work: Condvar,
    /// The next result in order is there, or there will be no more.
    ready: Condvar,
    window: Window,
}

struct State<I, O> {
    waiting: VecDeque<(u64, I)>,
    /// One slot for each item that was read and not yet delivered, oldest first, with its bytes.
    slots: VecDeque<(usize, Option<O>)>,
    /// Number of the item of the first slot.
    first: u64,
    bytes: usize,
    input_ended: bool,
    sink_gone: bool,
    worker_died: bool,
}

impl<I, O> Shared<I, O> {
    fn lock(&self) -> MutexGuard<'_, State<I, O>> {
        // The state is changed by whole steps only: after a panic elsewhere it is still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, condition: &Condvar, state: MutexGuard<'a, State<I, O>>) -> MutexGuard<'a, State<I, O>> {
        condition.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I, O> Feed<I, O> {
    /// Queues an item of so many bytes. False: nobody takes results any more, reading on is in vain.
    pub fn push(&self, item: I, bytes: usize) -> bool {
        let mut state = self.0.lock();
        let window = self.0.window;
        while !state.sink_gone
            && !state.slots.is_empty()
            && (state.slots.len() >= window.items_max || state.bytes + bytes > window.bytes_max)
        {
            state = self.0.wait(&self.0.room, state);
        }
        if state.sink_gone {
            return false;
        }
        let number = state.first + state.slots.len() as u64;
        state.bytes += bytes;
        state.slots.push_back((bytes, None));
        state.waiting.push_back((number, item));
        drop(state);
        self.0.work.notify_one();
        true
    }
}

impl<I, O> Drop for Feed<I, O> {
    fn drop(&mut self) {
        self.0.lock().input_ended = true;
        self.0.work.notify_all();
        self.0.ready.notify_all();
    }
}

/// Tells the sink when a worker panics: its item will never have a result.
struct WorkerGuard<I, O>(Arc<Shared<I, O>>);

impl<I, O> Drop for WorkerGuard<I, O> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().worker_died = true;
            self.0.ready.notify_all();
        }
    }
}

/// Runs `read` on a thread of its own and a worker of `make_worker` on each of `workers` threads, and puts every result
/// into `sink` in the order of the items. Returns when the input has ended and everything is put, or at the first error of
/// the sink; a reader that is blocked then is left behind (the process is about to end).
pub fn run<I, O, W>(
    window: Window,
    workers: usize,
    read: impl FnOnce(Feed<I, O>) + Send + 'static,
    make_worker: impl Fn() -> W,
    sink: &mut impl Sink<O>,
) -> io::Result<()>
where
    I: Send + 'static,
    O: Send + 'static,
    W: FnMut(I) -> O + Send + 'static,
{
    let state = State {
        waiting: VecDeque::new(),
        slots: VecDeque::new(),
        first: 0,
        bytes: 0,
        input_ended: false,
        sink_gone: false,
        worker_died: false,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), room: Condvar::new(), work: Condvar::new(), ready: Condvar::new(), window });
    let feed = Feed(shared.clone());
    std::thread::Builder::new().name("read".into()).spawn(move || read(feed))?;
    for number in 0..workers.max(1) {
        let (shared, mut worker) = (shared.clone(), make_worker());
        std::thread::Builder::new().name(format!("judge-{number}")).spawn(move || work(shared, &mut worker))?;
    }
    let done = deliver(&shared, sink);
    shared.lock().sink_gone = true;
    shared.room.notify_all();
    shared.work.notify_all();
    done
}

fn work<I, O>(shared: Arc<Shared<I, O>>, worker: &mut impl FnMut(I) -> O) {
    let guard = WorkerGuard(shared);
    let shared = &guard.0;
    let mut state = shared.lock();
    loop {
        if state.sink_gone {
            return;
        }
        let Some((number, item)) = state.waiting.pop_front() else {
            if state.input_ended {
                return;
            }
            state = shared.wait(&shared.work, state);
            continue;
        };
        drop(state);
        let result = worker(item);
        state = shared.lock();
        let slot = usize::try_from(number - state.first).unwrap_or(usize::MAX);
        if let Some(slot) = state.slots.get_mut(slot) {
            slot.1 = Some(result);
        }
        if slot == 0 {
            shared.ready.notify_all();
        }
    }
}

fn deliver<I, O>(shared: &Shared<I, O>, sink: &mut impl Sink<O>) -> io::Result<()> {
    let mut flushed = true;
    let mut state = shared.lock();
    loop {
        let is_ready = state.slots.front().is_some_and(|(_, result)| result.is_some());
        if is_ready && let Some((bytes, Some(result))) = state.slots.pop_front() {
            state.first += 1;
            state.bytes -= bytes;
            drop(state);
            shared.room.notify_all();
            sink.put(result)?;
            flushed = false;
            state = shared.lock();
            continue;
        }
        if state.worker_died {
            return Err(io::Error::other("a worker thread ended unexpectedly"));
        }
        if state.slots.is_empty() && state.input_ended {
            drop(state);
            return sink.pause();
        }
        if flushed {
            state = shared.wait(&shared.ready, state);
            continue;
        }
        // Nothing is on its way: flush at once. Something is: it may come within the moment that a flush costs.
        let mut flush = state.slots.is_empty();
        if !flush {
            let (woken, waited) = shared.ready.wait_timeout(state, FLUSH_DELAY).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            flush = waited.timed_out();
        }
        if flush {
            drop(state);
            sink.pause()?;
            flushed = true;
            state = shared.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[derive(Default)]
    struct Collected {
        results: Vec<usize>,
        pauses: Vec<usize>,
        fail_at: Option<usize>,
    }

    impl Sink<usize> for Collected {
        fn put(&mut self, result: usize) -> io::Result<()> {
            if self.fail_at == Some(self.results.len()) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.results.push(result);
            Ok(())
        }

        fn pause(&mut self) -> io::Result<()> {
            self.pauses.push(self.results.len());
            Ok(())
        }
    }

    const WINDOW: Window = Window { items_max: 8, bytes_max: 100 };

    fn feed_all(count: usize) -> impl FnOnce(Feed<usize, usize>) + Send + 'static {
        move |feed| {
            for item in 0..count {
                if !feed.push(item, 1) {
                    return;
                }
            }
        }
    }

    #[test]
    fn results_come_out_in_order_whatever_order_they_are_done_in() {
        let mut sink = Collected::default();
        // Each worker holds its first item back until another worker has finished one: the order of completion is mixed.
        let done = Arc::new(AtomicUsize::new(0));
        let make_worker = || {
            let done = done.clone();
            move |item: usize| {
                for _ in 0..(item % 7) * 1_000 {
                    std::hint::spin_loop();
                }
                done.fetch_add(1, Ordering::Relaxed);
                item * 2
            }
        };
        run(WINDOW, 4, feed_all(10_000), make_worker, &mut sink).expect("delivered");
        assert_eq!(sink.results, (0..10_000).map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(sink.pauses.last(), Some(&10_000), "the end is flushed");
    }

    #[test]
    fn what_is_read_and_not_delivered_stays_within_the_window() {
        let (held, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        struct Counting(Arc<AtomicUsize>);
        impl Sink<()> for Counting {
            fn put(&mut self, (): ()) -> io::Result<()> {
                self.0.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
            fn pause(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (bytes, bound) in [(1, WINDOW.items_max), (40, 2), (1_000, 1)] {
            let (counted, peak) = (held.clone(), most.clone());
            most.store(0, Ordering::SeqCst);
            let read = move |feed: Feed<(), ()>| {
                for _ in 0..500 {
                    let now = counted.fetch_add(1, Ordering::SeqCst) + 1;
                    peak.fetch_max(now, Ordering::SeqCst);
                    assert!(feed.push((), bytes));
                }
            };
            run(WINDOW, 2, read, || |()| (), &mut Counting(held.clone())).expect("delivered");
            // Two more are counted: the one that waits for room, and one between its delivery and the sink's own count.
            assert!(most.load(Ordering::SeqCst) <= bound + 2, "{bytes} bytes each: {} held", most.load(Ordering::SeqCst));
            assert_eq!(held.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn a_pause_of_the_input_flushes_what_is_done() {
        struct Telling(mpsc::Sender<usize>, usize);
        impl Sink<usize> for Telling {
            fn put(&mut self, _: usize) -> io::Result<()> {
                self.1 += 1;
                Ok(())
            }
            fn pause(&mut self) -> io::Result<()> {
                // At the end the listener has left.
                self.0.send(self.1).ok();
                Ok(())
            }
        }
        let (tell, told) = mpsc::channel();
        // The next item is pushed only when the one before it was flushed: without the flush this would never end.
        let read = move |feed: Feed<usize, usize>| {
            for item in 0..100 {
                feed.push(item, 1);
                while told.recv().expect("flushed") <= item {}
            }
        };
        let mut sink = Telling(tell, 0);
        run(WINDOW, 2, read, || |item| item, &mut sink).expect("delivered");
        assert_eq!(sink.1, 100);
    }

    #[test]
    fn an_error_of_the_sink_ends_the_run_while_the_reader_still_waits() {
        let (keep, blocked) = mpsc::channel::<()>();
        let read = move |feed: Feed<usize, usize>| {
            for item in 0..20 {
                feed.push(item, 1);
            }
            assert!(blocked.recv().is_err());
        };
        let mut sink = Collected { fail_at: Some(5), ..Collected::default() };
        let error = run(WINDOW, 2, read, || |item| item, &mut sink).expect_err("the pipe is broken");
        assert_eq!((error.kind(), sink.results.len()), (io::ErrorKind::BrokenPipe, 5));
        drop(keep);
    }

    #[test]
    fn a_worker_that_panics_is_an_error_not_a_hang() {
        let mut sink = Collected::default();
        let worker = || |item: usize| if item == 3 { panic!("made up") } else { item };
        run(WINDOW, 1, feed_all(10), worker, &mut sink).expect_err("item 3 has no result");
        assert_eq!(sink.results, [0, 1, 2]);
    }
}
