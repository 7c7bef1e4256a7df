-- Drafts as received, the inbox, verdicts, what waits for reviewers, and the rule sets that gave the verdicts.
-- Times are milliseconds since 1970 (UTC). Flags are 0 or 1.

-- One row a revision; only its state changes. `seq` is the order of intake.
-- The current revision of an item is the highest one stored: derived, so that it cannot disagree with the rows.
CREATE TABLE revision (
  seq          INTEGER PRIMARY KEY,
  unit         TEXT NOT NULL,
  id           TEXT NOT NULL,
  revision     INTEGER NOT NULL CHECK (revision >= 1),
  content_hash TEXT NOT NULL,
  as_of        TEXT NOT NULL,
  received_at  INTEGER NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('pending', 'screened', 'superseded'))
) STRICT;
CREATE UNIQUE INDEX revision_identity ON revision (id, unit, revision);

-- The canonical JSON of a draft as received; apart from `revision`, so that a change of state does not rewrite it.
CREATE TABLE draft (
  seq  INTEGER PRIMARY KEY REFERENCES revision (seq),
  json BLOB NOT NULL
) STRICT;

-- What the machine still has to judge. A row goes away in the transaction that writes its verdict.
-- AUTOINCREMENT: a place is never used twice, so that a late result cannot meet another job.
CREATE TABLE inbox (
  place  INTEGER PRIMARY KEY AUTOINCREMENT,
  seq    INTEGER NOT NULL UNIQUE REFERENCES revision (seq),
  bytes  INTEGER NOT NULL,
  again  INTEGER NOT NULL,              -- judged before and asked to be judged again
  starts INTEGER NOT NULL DEFAULT 0     -- processes that began to judge it and did not live to finish
) STRICT;
CREATE INDEX inbox_again ON inbox (place) WHERE again = 1;

-- Rule files, each content once; a rule set is a list of names and contents.
CREATE TABLE rule_file (
  sha256  TEXT PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;
CREATE TABLE ruleset (
  id        TEXT PRIMARY KEY,
  stored_at INTEGER NOT NULL
) STRICT;
CREATE TABLE ruleset_file (
  ruleset TEXT NOT NULL REFERENCES ruleset (id),
  name    TEXT NOT NULL,
  sha256  TEXT NOT NULL REFERENCES rule_file (sha256),
  PRIMARY KEY (ruleset, name)
) STRICT, WITHOUT ROWID;

-- The verdict of a revision, byte for byte. There is one; an older one moves to past_verdict.
CREATE TABLE verdict (
  seq        INTEGER PRIMARY KEY REFERENCES revision (seq),
  verdict_id TEXT NOT NULL,
  ruleset    TEXT NOT NULL REFERENCES ruleset (id),
  engine     TEXT NOT NULL,
  stored_at  INTEGER NOT NULL,
  verdict    BLOB NOT NULL
) STRICT;
CREATE TABLE past_verdict (
  number     INTEGER PRIMARY KEY,
  seq        INTEGER NOT NULL REFERENCES revision (seq),
  verdict_id TEXT NOT NULL,
  ruleset    TEXT NOT NULL REFERENCES ruleset (id),
  engine     TEXT NOT NULL,
  stored_at  INTEGER NOT NULL,
  verdict    BLOB NOT NULL
) STRICT;
CREATE INDEX past_verdict_seq ON past_verdict (seq);

-- What a reviewer sees in a list. Only the current revision of an item can wait.
CREATE TABLE review_item (
  seq         INTEGER PRIMARY KEY REFERENCES revision (seq),
  queue       TEXT NOT NULL,
  level       TEXT NOT NULL,
  blocked     INTEGER NOT NULL,
  s0          INTEGER NOT NULL,
  s1          INTEGER NOT NULL,
  s2          INTEGER NOT NULL,
  s3          INTEGER NOT NULL,
  title       TEXT NOT NULL,
  account     TEXT NOT NULL,
  platform    TEXT NOT NULL,
  kind        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'superseded'))
) STRICT;
CREATE INDEX review_item_waiting ON review_item (queue, seq) WHERE state = 'waiting';
