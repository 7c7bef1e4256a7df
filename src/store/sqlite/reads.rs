//! What is read from the tables, each read on a connection that cannot write.
//! Must not write.

use super::{database_error, kind_text, store_error};
use crate::model::{Draft, Kind, Level, Queue, Verdict};
use crate::ruleset::RuleFiles;
use crate::store::{
    Cursor, Event, InboxCursor, OpenError, Outbox, PAGE_ITEMS_MAX, Page, PendingDraft, QueueCount, REVISIONS_LISTED_MAX, Replay,
    ReviewItem, RevisionEntry, RevisionState, Revisions, SECRECY_TITLE, Screened, StoreError, StoredDraft,
};
use rusqlite::{Connection, InterruptHandle, OpenFlags, OptionalExtension, params};
use std::path::Path;
use std::time::Duration;

/// A read-only connection.
pub struct Reader {
    connection: Connection,
}

/// Something stored does not have the shape this version writes.
fn misshapen(what: &str) -> StoreError {
    StoreError::Failed(format!("the database holds a {what} that cannot be read"))
}

fn wrap(error: rusqlite::Error) -> StoreError {
    store_error(&error)
}

/// A stored draft with the day fixed at its intake. It was checked when it came in; a later version may check more
/// strictly, and must still be able to judge and show it.
fn stored_draft(json: &[u8], as_of: &str) -> Result<Draft, StoreError> {
    let mut draft: Draft = serde_json::from_slice(json).map_err(|_| misshapen("draft"))?;
    draft.as_of = Some(as_of.parse().map_err(|_| misshapen("date"))?);
    Ok(draft)
}

fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| misshapen("verdict"))
}

impl Reader {
    pub fn open_file(path: &Path) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(Duration::from_millis(super::BUSY_MS_MAX))?;
            connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;")?;
            Ok(connection)
        };
        Ok(Self { connection: open().map_err(database_error(path))? })
    }

    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    pub fn pending_after(&self, cursor: &mut InboxCursor, items_max: usize, bytes_max: u64) -> Result<Vec<PendingDraft>, StoreError> {
        // One snapshot for all of it: what is skipped by moving the cursor has been seen.
        let transaction = self.connection.unchecked_transaction().map_err(wrap)?;
        let mut moved = *cursor;
        let (fresh, all) = self.pending(false, moved.fresh, items_max, bytes_max)?;
        moved.fresh = fresh.last().map_or(moved.fresh, |job| job.place);
        if all {
            let last: Option<i64> = self
                .connection
                .prepare_cached("SELECT max(place) FROM inbox")
                .and_then(|mut s| s.query_row([], |row| row.get(0)))
                .map_err(wrap)?;
            moved.fresh = moved.fresh.max(last.unwrap_or(0));
        }
        let jobs = if fresh.is_empty() {
            let (again, _) = self.pending(true, moved.again, items_max, bytes_max)?;
            moved.again = again.last().map_or(moved.again, |job| job.place);
            again
        } else {
            fresh
        };
        transaction.finish().map_err(wrap)?;
        *cursor = moved;
        Ok(jobs)
    }

    /// Jobs of one kind after a place, and whether these are all there are.
    fn pending(&self, again: bool, after: i64, items_max: usize, bytes_max: u64) -> Result<(Vec<PendingDraft>, bool), StoreError> {
        let sql = if again {
            "SELECT i.place, d.json, r.as_of, r.received_at, i.starts, i.bytes FROM inbox i INDEXED BY inbox_again
             JOIN revision r ON r.seq = i.seq JOIN draft d ON d.seq = i.seq
             WHERE i.again = 1 AND i.place > ?1 ORDER BY i.place LIMIT ?2"
        } else {
            "SELECT i.place, d.json, r.as_of, r.received_at, i.starts, i.bytes FROM inbox i
             JOIN revision r ON r.seq = i.seq JOIN draft d ON d.seq = i.seq
             WHERE i.again = 0 AND i.place > ?1 ORDER BY i.place LIMIT ?2"
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(wrap)?;
        let mut rows = statement.query(params![after, items_max as i64]).map_err(wrap)?;
        let mut jobs = Vec::new();
        let mut total = 0;
        while let Some(row) = rows.next().map_err(wrap)? {
            let json: Vec<u8> = row.get(1).map_err(wrap)?;
            let as_of: String = row.get(2).map_err(wrap)?;
            let bytes = json.len() as u64;
            jobs.push(PendingDraft {
                place: row.get(0).map_err(wrap)?,
                draft: stored_draft(&json, &as_of)?,
                received_at_ms: row.get(3).map_err(wrap)?,
                starts: row.get(4).map_err(wrap)?,
                again,
                bytes,
            });
            total += bytes;
            if total >= bytes_max {
                return Ok((jobs, false));
            }
        }
        let all = jobs.len() < items_max;
        Ok((jobs, all))
    }

    pub fn queue_counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT w.queue, w.items, r.received_at FROM
                   (SELECT queue, count(*) AS items, min(seq) AS seq FROM review_item WHERE state = 'waiting' GROUP BY queue) w
                 JOIN revision r ON r.seq = w.seq",
            )
            .map_err(wrap)?;
        let mut counts: Vec<_> = Queue::ALL.map(|queue| QueueCount { queue, items: 0, oldest_received_at_ms: None }).into();
        let mut rows = statement.query([]).map_err(wrap)?;
        while let Some(row) = rows.next().map_err(wrap)? {
            let queue = row_queue(&row.get::<_, String>(0).map_err(wrap)?)?;
            for count in counts.iter_mut().filter(|count| count.queue == queue) {
                count.items = row.get::<_, i64>(1).map_err(wrap)?.max(0) as u64;
                count.oldest_received_at_ms = Some(row.get(2).map_err(wrap)?);
            }
        }
        Ok(counts)
    }

    pub fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        self.connection
            .prepare_cached("SELECT r.received_at FROM inbox i JOIN revision r ON r.seq = i.seq ORDER BY i.place LIMIT 1")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .map_err(wrap)
    }

    pub fn events(&self, items_max: usize) -> Result<Vec<Event>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Event>> {
            let sql = "SELECT number, item, verdict_id, ruleset, engine, body, created_at FROM outbox ORDER BY number LIMIT ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([items_max as i64], |row| {
                Ok(Event {
                    number: row.get(0)?,
                    item: row.get(1)?,
                    verdict_id: row.get(2)?,
                    ruleset: row.get(3)?,
                    engine: row.get(4)?,
                    body: row.get(5)?,
                    created_at_ms: row.get(6)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(wrap)
    }

    pub fn outbox(&self) -> Result<Outbox, StoreError> {
        self.connection
            .prepare_cached("SELECT count(*), min(created_at) FROM outbox")
            .and_then(|mut statement| {
                statement.query_row([], |row| Ok(Outbox { items: row.get::<_, i64>(0)?.max(0) as u64, oldest_created_at_ms: row.get(1)? }))
            })
            .map_err(wrap)
    }

    pub fn not_carried(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM verdict v LEFT JOIN carried c ON c.seq = v.seq AND c.verdict_id = v.verdict_id WHERE c.seq IS NULL";
        let count: i64 = self.connection.query_row(sql, [], |row| row.get(0)).map_err(wrap)?;
        Ok(count.max(0) as u64)
    }

    pub fn not_carried_after(&self, place: i64, items_max: usize, bytes_max: u64) -> Result<Vec<Screened>, StoreError> {
        let sql = "SELECT v.seq, v.verdict_id, v.ruleset, v.engine, v.verdict, json_extract(CAST(v.verdict AS TEXT), '$.queue'),
                          d.json, r.as_of, r.received_at
                   FROM verdict v JOIN revision r ON r.seq = v.seq JOIN draft d ON d.seq = v.seq
                   LEFT JOIN carried c ON c.seq = v.seq AND c.verdict_id = v.verdict_id
                   WHERE c.seq IS NULL AND v.seq > ?1 ORDER BY v.seq LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(wrap)?;
        let mut rows = statement.query(params![place, items_max as i64]).map_err(wrap)?;
        let (mut screened, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(wrap)? {
            let json: Vec<u8> = row.get(6).map_err(wrap)?;
            let as_of: String = row.get(7).map_err(wrap)?;
            bytes += json.len() as u64;
            screened.push(Screened {
                place: row.get(0).map_err(wrap)?,
                verdict_id: row.get(1).map_err(wrap)?,
                ruleset: row.get(2).map_err(wrap)?,
                engine: row.get(3).map_err(wrap)?,
                verdict: text(row.get(4).map_err(wrap)?)?,
                queue: row_queue(&row.get::<_, String>(5).map_err(wrap)?)?,
                draft: stored_draft(&json, &as_of)?,
                received_at_ms: row.get(8).map_err(wrap)?,
            });
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(screened)
    }

    pub fn items(&self, queue: Queue, after: Option<Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, PAGE_ITEMS_MAX);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT i.seq, r.unit, r.id, r.revision, i.title, i.account, i.platform, i.kind, i.level, i.blocked,
                        r.received_at, i.s0, i.s1, i.s2, i.s3, i.undetermined, i.secret
                 FROM review_item i JOIN revision r ON r.seq = i.seq
                 WHERE i.queue = ?1 AND i.state = 'waiting' AND i.seq > ?2 ORDER BY i.seq LIMIT ?3",
            )
            .map_err(wrap)?;
        let after = after.map_or(0, |cursor| cursor.0);
        // One more than asked for tells whether there is a next page.
        let mut rows = statement.query(params![queue.as_str(), after, limit as i64 + 1]).map_err(wrap)?;
        let mut items = Vec::with_capacity(limit);
        let mut last = after;
        while let Some(row) = rows.next().map_err(wrap)? {
            if items.len() == limit {
                return Ok(Page { items, next: Some(Cursor(last)) });
            }
            last = row.get(0).map_err(wrap)?;
            items.push(review_item(row, queue)?);
        }
        Ok(Page { items, next: None })
    }

    pub fn item(&self, unit: &str, id: &str, revision: u64) -> Result<Option<(StoredDraft, Option<Verdict>)>, StoreError> {
        let Ok(revision) = i64::try_from(revision) else { return Ok(None) };
        type Row = (Vec<u8>, String, String, i64, String, i64, Option<Vec<u8>>, i64);
        let row: Option<Row> = self
            .connection
            .prepare_cached(
                "SELECT d.json, r.as_of, r.content_hash, r.received_at, r.state,
                        (SELECT max(revision) FROM revision WHERE id = ?1 AND unit = ?2), v.verdict, r.seq
                 FROM revision r JOIN draft d ON d.seq = r.seq LEFT JOIN verdict v ON v.seq = r.seq
                 WHERE r.id = ?1 AND r.unit = ?2 AND r.revision = ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![id, unit, revision], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
                    })
                    .optional()
            })
            .map_err(wrap)?;
        let Some((json, as_of, content_hash, received_at_ms, state, current, verdict, seq)) = row else { return Ok(None) };
        let verdict = match verdict {
            Some(bytes) => Some(serde_json::from_slice(&bytes).map_err(|_| misshapen("verdict"))?),
            None => None,
        };
        let stored = StoredDraft {
            draft: stored_draft(&json, &as_of)?,
            content_hash,
            received_at_ms,
            state: row_state(&state)?,
            current_revision: current.max(0) as u64,
            place: Cursor(seq),
        };
        Ok(Some((stored, verdict)))
    }

    pub fn revisions(&self, unit: &str, id: &str) -> Result<Option<Revisions>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT r.revision, r.received_at, r.state, v.verdict FROM revision r LEFT JOIN verdict v ON v.seq = r.seq
                 WHERE r.id = ?1 AND r.unit = ?2 ORDER BY r.revision DESC LIMIT ?3",
            )
            .map_err(wrap)?;
        let mut rows = statement.query(params![id, unit, REVISIONS_LISTED_MAX as i64 + 1]).map_err(wrap)?;
        let mut entries = Vec::new();
        let mut older = false;
        while let Some(row) = rows.next().map_err(wrap)? {
            if entries.len() == REVISIONS_LISTED_MAX {
                older = true;
                break;
            }
            entries.push(RevisionEntry {
                revision: row.get::<_, i64>(0).map_err(wrap)?.max(0) as u64,
                received_at_ms: row.get(1).map_err(wrap)?,
                state: row_state(&row.get::<_, String>(2).map_err(wrap)?)?,
                verdict: row.get::<_, Option<Vec<u8>>>(3).map_err(wrap)?.map(text).transpose()?,
            });
        }
        entries.reverse();
        Ok(if entries.is_empty() { None } else { Some(Revisions { entries, older }) })
    }

    pub fn units_of(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT DISTINCT unit FROM revision WHERE id = ?1 LIMIT 2").map_err(wrap)?;
        let units: Result<Vec<String>, _> = statement.query_map([id], |row| row.get(0)).map_err(wrap)?.collect();
        units.map_err(wrap)
    }

    pub fn replay(&self, unit: &str, id: &str, revision: u64, verdict_id: Option<&str>) -> Result<Option<Replay>, StoreError> {
        let Ok(revision) = i64::try_from(revision) else { return Ok(None) };
        type Row = (Vec<u8>, String, Vec<u8>, String, String);
        // The current verdict first, then the past ones from the newest.
        let row: Option<Row> = self
            .connection
            .prepare_cached(
                "WITH given AS (
                   SELECT seq, verdict_id, ruleset, engine, verdict, 9223372036854775807 AS number FROM verdict
                   UNION ALL SELECT seq, verdict_id, ruleset, engine, verdict, number FROM past_verdict)
                 SELECT d.json, r.as_of, g.verdict, g.ruleset, g.engine
                 FROM revision r JOIN draft d ON d.seq = r.seq JOIN given g ON g.seq = r.seq
                 WHERE r.id = ?1 AND r.unit = ?2 AND r.revision = ?3 AND (?4 IS NULL OR g.verdict_id = ?4)
                 ORDER BY g.number DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![id, unit, revision, verdict_id], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                    })
                    .optional()
            })
            .map_err(wrap)?;
        let Some((json, as_of, verdict, ruleset, engine)) = row else { return Ok(None) };
        Ok(Some(Replay { draft: stored_draft(&json, &as_of)?, verdict: text(verdict)?, engine, rule_files: self.rule_files(&ruleset)? }))
    }

    fn rule_files(&self, ruleset: &str) -> Result<RuleFiles, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT s.name, f.content FROM ruleset_file s JOIN rule_file f ON f.sha256 = s.sha256 WHERE s.ruleset = ?1")
            .map_err(wrap)?;
        let files: Result<_, _> = statement.query_map([ruleset], |row| Ok((row.get(0)?, row.get(1)?))).map_err(wrap)?.collect();
        Ok(RuleFiles(files.map_err(wrap)?))
    }
}

fn row_queue(text: &str) -> Result<Queue, StoreError> {
    text.parse().map_err(|()| misshapen("queue"))
}

fn row_state(text: &str) -> Result<RevisionState, StoreError> {
    RevisionState::parse(text).ok_or_else(|| misshapen("state"))
}

fn review_item(row: &rusqlite::Row<'_>, queue: Queue) -> Result<ReviewItem, StoreError> {
    let count = |column: usize| row.get::<_, i64>(column).map(|n| n.max(0) as u64).map_err(wrap);
    let string = |column: usize| row.get::<_, String>(column).map_err(wrap);
    let (kind, level) = (string(7)?, string(8)?);
    let undetermined: Option<String> = row.get(15).map_err(wrap)?;
    let is_secret = row.get(16).map_err(wrap)?;
    let kinds = [Kind::Original, Kind::Repost, Kind::Message, Kind::Reply];
    Ok(ReviewItem {
        unit: string(1)?,
        id: string(2)?,
        revision: count(3)?,
        title: if is_secret || queue == Queue::Secrecy { SECRECY_TITLE.to_owned() } else { string(4)? },
        account: string(5)?,
        platform: string(6)?,
        kind: kinds.into_iter().find(|k| kind_text(*k) == kind).ok_or_else(|| misshapen("kind"))?,
        level: [Level::L1, Level::L2, Level::L3].into_iter().find(|l| l.as_str() == level).ok_or_else(|| misshapen("level"))?,
        blocked: row.get(9).map_err(wrap)?,
        received_at_ms: row.get(10).map_err(wrap)?,
        findings: [count(11)?, count(12)?, count(13)?, count(14)?],
        undetermined: undetermined.map(|reason| reason.parse().map_err(|()| misshapen("reason"))).transpose()?,
        is_secret,
    })
}
