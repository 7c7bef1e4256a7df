-- What others are told of what happened here. An event is written in the transaction of what happened, leaves for the
-- topic of permits, and its row goes away when the brokers have it.
-- AUTOINCREMENT: a number is never used twice, so that readers know an event that comes again.
CREATE TABLE outbox (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  item       TEXT NOT NULL,             -- unit/id: events of one item leave in the order of their numbers
  verdict_id TEXT NOT NULL,
  ruleset    TEXT NOT NULL,
  engine     TEXT NOT NULL,
  body       BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
