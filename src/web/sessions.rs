//! Who is signed in at the console, and how often a token may be tried: in memory, bounded, by the monotonic clock.
//! Must not know pages or requests, and never keeps an identifier that opens anything: only its hash.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A session ends when nothing was asked for this long (RELIABILITY D.9) …
pub const IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// … and in any case when it is this old.
pub const AGE_MAX: Duration = Duration::from_secs(8 * 3_600);
/// Most sessions at one time; the one that was idle longest makes room.
const SESSIONS_MAX: usize = 1_024;
/// Wrong tokens that one address may try at once …
const FAILURES_MAX: u32 = 5;
/// … and how long until it may try one more: five in fifteen minutes.
const FAILURE_FORGOTTEN: Duration = Duration::from_secs(3 * 60);
/// Most addresses that are remembered; beyond them all strangers count as one.
const ADDRESSES_MAX: usize = 4_096;
const ID_BYTES: usize = 32;

struct Session {
    begun: Instant,
    last_seen: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.last_seen) >= IDLE_MAX || now.duration_since(self.begun) >= AGE_MAX
    }
}

/// The open sessions, by the hash of their identifier.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Opens a session and returns its identifier: 256 random bits in hexadecimal, to be shown to one browser once.
    /// `None`: the machine gives no random bits.
    pub fn open(&self, now: Instant) -> Option<String> {
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id).ok()?;
        let id = hex::encode(id);
        let mut sessions = unpoisoned(&self.0);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= SESSIONS_MAX
            && let Some(idlest) = sessions.iter().min_by_key(|(_, session)| session.last_seen).map(|(key, _)| *key)
        {
            sessions.remove(&idlest);
        }
        sessions.insert(hash(&id), Session { begun: now, last_seen: now });
        Some(id)
    }

    /// Whether the identifier names an open session; being asked keeps it open. Looked up by its hash: how long that
    /// takes tells nothing of the identifier.
    pub fn is_open(&self, id: &str, now: Instant) -> bool {
        let mut sessions = unpoisoned(&self.0);
        let key = hash(id);
        let Some(session) = sessions.get_mut(&key) else { return false };
        if session.is_over(now) {
            sessions.remove(&key);
            return false;
        }
        session.last_seen = now;
        true
    }

    pub fn close(&self, id: &str) {
        unpoisoned(&self.0).remove(&hash(id));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        unpoisoned(&self.0).len()
    }
}

fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section is one step on a map: after a panic elsewhere it is still true.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whom a failure is counted for. One household has a whole /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whom {
    V4([u8; 4]),
    V6([u8; 8]),
    /// Everyone who came when too many addresses were remembered.
    Anyone,
}

impl Whom {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// When the failures of an address are forgotten: each pushes this moment further.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Whom, Instant>>);

impl Attempts {
    /// Takes one attempt before the token is looked at; an error says how long to wait. Given back with [`Attempts::forgive`]
    /// when the token was good, so that only failures count and many at once count, too.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut until = unpoisoned(&self.0);
        let mut whom = Whom::of(address);
        if !until.contains_key(&whom) && until.len() >= ADDRESSES_MAX {
            until.retain(|_, until| *until > now);
            if until.len() >= ADDRESSES_MAX {
                whom = Whom::Anyone;
            }
        }
        let forgotten = until.get(&whom).copied().unwrap_or(now).max(now);
        let most = FAILURE_FORGOTTEN * FAILURES_MAX;
        let next = forgotten + FAILURE_FORGOTTEN;
        let over = next.duration_since(now).saturating_sub(most);
        if !over.is_zero() {
            return Err(over);
        }
        until.insert(whom, next);
        Ok(())
    }

    /// The attempt was none: its token was good.
    pub fn forgive(&self, address: IpAddr) {
        let mut until = unpoisoned(&self.0);
        for whom in [Whom::of(address), Whom::Anyone] {
            if let Some(until) = until.get_mut(&whom) {
                *until = until.checked_sub(FAILURE_FORGOTTEN).unwrap_or(*until);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_session_ends_when_idle_and_when_old_and_when_closed() {
        let sessions = Sessions::default();
        let begun = Instant::now();
        let id = sessions.open(begun).expect("random bits");
        assert_eq!(id.len(), 2 * ID_BYTES);
        assert!(sessions.is_open(&id, begun + IDLE_MAX - Duration::from_secs(1)));
        assert!(!sessions.is_open(&id, begun + 2 * IDLE_MAX));
        assert!(!sessions.is_open(&id, begun), "it does not come back");
        let busy = sessions.open(begun).expect("random bits");
        let steps = (AGE_MAX.as_secs() / 600) as u32;
        assert!((1..steps).all(|step| sessions.is_open(&busy, begun + step * Duration::from_secs(600))));
        assert!(!sessions.is_open(&busy, begun + AGE_MAX), "however busy it was");
        let closed = sessions.open(begun).expect("random bits");
        sessions.close(&closed);
        assert!(!sessions.is_open(&closed, begun) && sessions.len() == 0);
    }

    #[test]
    fn identifiers_differ_and_nothing_else_opens() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let (one, other) = (sessions.open(now).expect("random bits"), sessions.open(now).expect("random bits"));
        assert_ne!(one, other);
        let shorter: String = one.chars().skip(1).collect();
        for wrong in ["", "0", &one.to_uppercase(), &shorter, &hex::encode(hash(&one))] {
            assert!(!sessions.is_open(wrong, now), "{wrong}");
        }
        assert!(sessions.is_open(&one, now) && sessions.is_open(&other, now));
    }

    #[test]
    fn sessions_are_bounded_and_the_idlest_makes_room() {
        let sessions = Sessions::default();
        let begun = Instant::now();
        let first = sessions.open(begun).expect("random bits");
        let second = sessions.open(begun + Duration::from_secs(1)).expect("random bits");
        for n in 0..SESSIONS_MAX {
            assert!(sessions.is_open(&second, begun + Duration::from_secs(2)));
            sessions.open(begun + Duration::from_millis(2_000 + n as u64 / 10)).expect("random bits");
        }
        assert_eq!(sessions.len(), SESSIONS_MAX);
        assert!(!sessions.is_open(&first, begun + Duration::from_secs(3)));
    }

    #[test]
    fn five_failures_are_free_and_then_one_every_three_minutes() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let (evil, good) = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)));
        for _ in 0..FAILURES_MAX {
            assert_eq!(attempts.take(evil, now), Ok(()));
        }
        assert_eq!(attempts.take(evil, now), Err(FAILURE_FORGOTTEN));
        assert_eq!(attempts.take(good, now), Ok(()), "others are not kept out");
        let later = now + FAILURE_FORGOTTEN;
        assert_eq!(attempts.take(evil, later), Ok(()));
        assert_eq!(attempts.take(evil, later), Err(FAILURE_FORGOTTEN));
        let mapped = "::ffff:10.0.0.1".parse().expect("an address");
        assert!(attempts.take(mapped, later).is_err(), "the same machine by another name");
    }

    #[test]
    fn a_good_token_costs_no_attempt() {
        let attempts = Attempts::default();
        let (now, address) = (Instant::now(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        for _ in 0..100 {
            assert_eq!(attempts.take(address, now), Ok(()));
            attempts.forgive(address);
        }
    }

    #[test]
    fn addresses_are_bounded_and_strangers_then_count_together() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for n in 0..ADDRESSES_MAX as u32 {
            attempts.take(IpAddr::V4(Ipv4Addr::from(n)), now).expect("free");
        }
        let stranger = |n: u32| IpAddr::V4(Ipv4Addr::from(1_000_000 + n));
        assert!((0..FAILURES_MAX).all(|n| attempts.take(stranger(n), now).is_ok()));
        assert!(attempts.take(stranger(99), now).is_err());
        assert!(unpoisoned(&attempts.0).len() <= ADDRESSES_MAX + 1);
        assert!(attempts.take(stranger(99), now + FAILURE_FORGOTTEN * FAILURES_MAX).is_ok());
        let neighbour: IpAddr = "2001:db8::1".parse().expect("an address");
        assert_eq!(Whom::of(neighbour), Whom::of("2001:db8::ffff".parse().expect("an address")));
    }
}
