//! What the writes do to the tables; each act runs inside the writer's transaction.
//! Must not commit, wait or answer.

use super::writer::InboxChange;
use crate::model::Queue;
use crate::ruleset::RuleFiles;
use crate::store::{Event, Ingested, Intake, Judged, NewRevision, Rejudge};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

/// Drafts that wait, their bytes, and the last place given so far.
pub(super) fn inbox_totals(connection: &Connection) -> Result<(u64, u64, i64)> {
    let (items, bytes): (i64, i64) =
        connection.query_row("SELECT count(*), coalesce(sum(bytes), 0) FROM inbox", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let last: Option<i64> = connection.query_row("SELECT max(place) FROM inbox", [], |row| row.get(0))?;
    Ok((items.max(0) as u64, bytes.max(0) as u64, last.unwrap_or(0)))
}

/// The decision table of intake: the same revision again, the same with other content, below or above the current one.
pub(super) fn take_in(transaction: &Transaction<'_>, new: &NewRevision, change: &mut InboxChange) -> Result<Intake> {
    let (intake, seq) = add_revision(transaction, new)?;
    if matches!(intake, Intake::Current | Intake::Superseded) {
        // A superseded revision is judged too, for the record: every draft that was acknowledged has its verdict.
        transaction
            .prepare_cached("INSERT INTO inbox (seq, bytes, again) VALUES (?1, ?2, 0)")?
            .execute(params![seq, new.json.len() as i64])?;
        change.added_items += 1;
        change.added_bytes += new.json.len() as u64;
    }
    Ok(intake)
}

/// A draft that another process was asked to judge: as taken in, but nothing waits in the inbox.
pub(super) fn announce(transaction: &Transaction<'_>, new: &NewRevision) -> Result<Intake> {
    add_revision(transaction, new).map(|(intake, _)| intake)
}

/// Jobs that another process was asked to do leave the inbox.
pub(super) fn forwarded(transaction: &Transaction<'_>, places: &[i64], change: &mut InboxChange) -> Result<()> {
    let mut statement = transaction.prepare_cached("DELETE FROM inbox WHERE place = ?1 RETURNING bytes")?;
    for place in places {
        let gone: Option<i64> = statement.query_row([place], |row| row.get(0)).optional()?;
        if let Some(bytes) = gone {
            change.taken_items += 1;
            change.taken_bytes += bytes.max(0) as u64;
        }
    }
    Ok(())
}

/// A draft that another process has judged, with its verdict. One that is there, now or before, is left alone: a record
/// that comes again must not put an older verdict over a newer one, nor tell others twice.
pub(super) fn ingest(transaction: &Transaction<'_>, new: &NewRevision, judged: &Judged, event: Option<&Event>) -> Result<Ingested> {
    let (intake, seq) = add_revision(transaction, new)?;
    if intake == Intake::Conflict {
        return Ok(Ingested::Conflict);
    }
    let known: bool = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM verdict WHERE seq = ?1 AND verdict_id = ?2)
                 OR EXISTS (SELECT 1 FROM past_verdict WHERE seq = ?1 AND verdict_id = ?2)",
        )?
        .query_row(params![seq, judged.verdict_id], |row| row.get(0))?;
    if known {
        return Ok(Ingested::Same);
    }
    // The files of the rule set stand with whoever judged; here it is only named, until this process loads the same one.
    transaction
        .prepare_cached("INSERT INTO ruleset (id, stored_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![judged.ruleset, judged.judged_at_ms])?;
    write_verdict(transaction, seq, judged)?;
    if let Some(event) = event {
        add_event(transaction, event)?;
    }
    Ok(Ingested::New)
}

/// Puts an event into the outbox, in the transaction of what it tells.
fn add_event(transaction: &Transaction<'_>, event: &Event) -> Result<()> {
    transaction
        .prepare_cached("INSERT INTO outbox (item, verdict_id, ruleset, engine, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![event.item, event.verdict_id, event.ruleset, event.engine, event.body, event.created_at_ms])?;
    Ok(())
}

/// Events that others have been told leave the outbox.
pub(super) fn events_sent(transaction: &Transaction<'_>, numbers: &[i64]) -> Result<()> {
    let mut statement = transaction.prepare_cached("DELETE FROM outbox WHERE number = ?1")?;
    for number in numbers {
        statement.execute([number])?;
    }
    Ok(())
}

/// Notes verdicts that were handed over, each by its revision and id.
pub(super) fn carried(transaction: &Transaction<'_>, places: &[(i64, String)]) -> Result<()> {
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO carried (seq, verdict_id) VALUES (?1, ?2)")?;
    for (seq, verdict_id) in places {
        statement.execute(params![seq, verdict_id])?;
    }
    Ok(())
}

/// Adds a revision and its draft unless they are there; returns the number of its row.
fn add_revision(transaction: &Transaction<'_>, new: &NewRevision) -> Result<(Intake, i64)> {
    let revision = new.revision as i64;
    let stored: Option<(i64, String)> = transaction
        .prepare_cached("SELECT seq, content_hash FROM revision WHERE id = ?1 AND unit = ?2 AND revision = ?3")?
        .query_row(params![new.id, new.unit, revision], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((seq, stored)) = stored {
        return Ok((if stored == new.content_hash { Intake::Same } else { Intake::Conflict }, seq));
    }
    let current: Option<i64> = transaction
        .prepare_cached("SELECT max(revision) FROM revision WHERE id = ?1 AND unit = ?2")?
        .query_row(params![new.id, new.unit], |row| row.get(0))?;
    let superseded = current.is_some_and(|current| revision < current);
    transaction
        .prepare_cached(
            "INSERT INTO revision (unit, id, revision, content_hash, as_of, received_at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            new.unit,
            new.id,
            revision,
            new.content_hash,
            new.as_of.to_string(),
            new.received_at_ms,
            if superseded { "superseded" } else { "pending" }
        ])?;
    let seq = transaction.last_insert_rowid();
    transaction.prepare_cached("INSERT INTO draft (seq, json) VALUES (?1, ?2)")?.execute(params![seq, new.json])?;
    if superseded {
        return Ok((Intake::Superseded, seq));
    }
    if let Some(current) = current {
        // Only the revision that was current until now can still wait for anyone.
        let older: i64 = transaction
            .prepare_cached("UPDATE revision SET state = 'superseded' WHERE id = ?1 AND unit = ?2 AND revision = ?3 RETURNING seq")?
            .query_row(params![new.id, new.unit, current], |row| row.get(0))?;
        transaction.prepare_cached("UPDATE review_item SET state = 'superseded' WHERE seq = ?1 AND state = 'waiting'")?.execute([older])?;
    }
    Ok((Intake::Current, seq))
}

/// Writes a verdict, its review item, and takes the job out of the inbox. False: the job is gone (done by another
/// thread, or asked again meanwhile), and nothing was written.
pub(super) fn record(transaction: &Transaction<'_>, judged: &Judged, change: &mut InboxChange) -> Result<bool> {
    let job: Option<(i64, i64, bool)> = transaction
        .prepare_cached("DELETE FROM inbox WHERE place = ?1 RETURNING seq, bytes, again")?
        .query_row([judged.place], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((seq, bytes, again)) = job else { return Ok(false) };
    change.taken_items += 1;
    change.taken_bytes += bytes.max(0) as u64;
    if again && keeps_the_older(transaction, seq, judged)? {
        return Ok(true);
    }
    write_verdict(transaction, seq, judged)?;
    Ok(true)
}

/// Writes the verdict of a revision and, unless a higher revision stands above it, its review item. A verdict that is
/// there already moves to the past ones.
fn write_verdict(transaction: &Transaction<'_>, seq: i64, judged: &Judged) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO past_verdict (seq, verdict_id, ruleset, engine, stored_at, verdict)
             SELECT seq, verdict_id, ruleset, engine, stored_at, verdict FROM verdict WHERE seq = ?1",
        )?
        .execute([seq])?;
    transaction
        .prepare_cached(
            "INSERT INTO verdict (seq, verdict_id, ruleset, engine, stored_at, verdict) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (seq) DO UPDATE SET verdict_id = excluded.verdict_id, ruleset = excluded.ruleset,
               engine = excluded.engine, stored_at = excluded.stored_at, verdict = excluded.verdict",
        )?
        .execute(params![seq, judged.verdict_id, judged.ruleset, judged.engine, judged.judged_at_ms, judged.json.as_bytes()])?;
    let state: String = transaction.prepare_cached("SELECT state FROM revision WHERE seq = ?1")?.query_row([seq], |row| row.get(0))?;
    if state == "superseded" {
        return Ok(());
    }
    if state == "pending" {
        transaction.prepare_cached("UPDATE revision SET state = 'screened' WHERE seq = ?1")?.execute([seq])?;
    }
    let [s0, s1, s2, s3] = judged.findings.map(|n| n as i64);
    transaction
        .prepare_cached(
            "INSERT INTO review_item (seq, queue, level, blocked, s0, s1, s2, s3, title, account, platform, kind, undetermined, secret, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'waiting')
             ON CONFLICT (seq) DO UPDATE SET queue = excluded.queue, level = excluded.level, blocked = excluded.blocked,
               s0 = excluded.s0, s1 = excluded.s1, s2 = excluded.s2, s3 = excluded.s3,
               undetermined = excluded.undetermined, secret = excluded.secret
             WHERE review_item.state = 'waiting'",
        )?
        .execute(params![
            seq,
            judged.queue.as_str(),
            judged.level.as_str(),
            judged.blocked,
            s0,
            s1,
            s2,
            s3,
            judged.title,
            judged.account,
            judged.platform,
            super::kind_text(judged.kind),
            judged.undetermined,
            judged.is_secret
        ])?;
    Ok(())
}

/// Judged again under the same rules: the bytes are the same, or this time the judging was cut short; either way the
/// verdict that is there stands.
fn keeps_the_older(transaction: &Transaction<'_>, seq: i64, judged: &Judged) -> Result<bool> {
    let older: Option<(String, Vec<u8>)> = transaction
        .prepare_cached("SELECT verdict_id, verdict FROM verdict WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(older.is_some_and(|(verdict_id, bytes)| {
        let cut_short = matches!(judged.undetermined, Some("timeout" | "panic"));
        bytes == judged.json.as_bytes() || (verdict_id == judged.verdict_id && cut_short)
    }))
}

pub(super) fn rejudge(transaction: &Transaction<'_>, unit: &str, id: &str, change: &mut InboxChange) -> Result<Rejudge> {
    let current: Option<(i64, i64)> = transaction
        .prepare_cached("SELECT seq, revision FROM revision WHERE id = ?1 AND unit = ?2 ORDER BY revision DESC LIMIT 1")?
        .query_row(params![id, unit], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, revision)) = current else { return Ok(Rejudge::Unknown) };
    put_back(transaction, seq, change)?;
    Ok(Rejudge::Asked { revision: revision.max(0) as u64 })
}

pub(super) fn rejudge_queue(transaction: &Transaction<'_>, queue: Queue, change: &mut InboxChange) -> Result<u64> {
    let mut statement = transaction.prepare_cached("SELECT seq FROM review_item WHERE queue = ?1 AND state = 'waiting' ORDER BY seq")?;
    let waiting: Result<Vec<i64>> = statement.query_map([queue.as_str()], |row| row.get(0))?.collect();
    let waiting = waiting?;
    for seq in &waiting {
        put_back(transaction, *seq, change)?;
    }
    Ok(waiting.len() as u64)
}

/// Puts a revision into the inbox under a new place, so that a job already under way (perhaps with older rules) no
/// longer counts.
fn put_back(transaction: &Transaction<'_>, seq: i64, change: &mut InboxChange) -> Result<()> {
    let gone: Option<i64> =
        transaction.prepare_cached("DELETE FROM inbox WHERE seq = ?1 RETURNING bytes")?.query_row([seq], |row| row.get(0)).optional()?;
    if let Some(bytes) = gone {
        change.taken_items += 1;
        change.taken_bytes += bytes.max(0) as u64;
    }
    let bytes: i64 = transaction
        .prepare_cached(
            "INSERT INTO inbox (seq, bytes, again)
             SELECT seq, length(json), EXISTS (SELECT 1 FROM verdict v WHERE v.seq = draft.seq) FROM draft WHERE seq = ?1
             RETURNING bytes",
        )?
        .query_row([seq], |row| row.get(0))?;
    change.added_items += 1;
    change.added_bytes += bytes.max(0) as u64;
    Ok(())
}

pub(super) fn mark_started(transaction: &Transaction<'_>, places: &[i64]) -> Result<()> {
    let mut statement = transaction.prepare_cached("UPDATE inbox SET starts = starts + 1 WHERE place = ?1")?;
    for place in places {
        statement.execute([place])?;
    }
    Ok(())
}

/// After an orderly stop nothing that waits is suspect.
pub(super) fn forget_starts(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE inbox SET starts = 0 WHERE starts > 0", [])?;
    Ok(())
}

/// Keeps a rule set; files that are there already are not written again.
pub(super) fn save_ruleset(transaction: &Transaction<'_>, files: &RuleFiles, now_ms: i64) -> Result<()> {
    let id = files.id();
    transaction
        .prepare_cached("INSERT INTO ruleset (id, stored_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![id, now_ms])?;
    // A set that is only named came with a verdict from elsewhere: its files are added now.
    let kept: bool =
        transaction.prepare_cached("SELECT EXISTS (SELECT 1 FROM ruleset_file WHERE ruleset = ?1)")?.query_row([&id], |row| row.get(0))?;
    if kept {
        return Ok(());
    }
    for (name, content) in &files.0 {
        let sha256 = hex::encode(Sha256::digest(content));
        transaction
            .prepare_cached("INSERT INTO rule_file (sha256, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![sha256, content])?;
        transaction
            .prepare_cached("INSERT INTO ruleset_file (ruleset, name, sha256) VALUES (?1, ?2, ?3)")?
            .execute(params![id, name, sha256])?;
    }
    Ok(())
}

/// Writes the version of the schema over itself.
pub(super) fn rewrite_version(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}
