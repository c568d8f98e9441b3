-- What tandem remembers of one link. The v_ views are the contract; tables may change with any release.
-- Enumerations are small integers in the order of core/model; side 0 = ctm, 1 = highlevel.
-- Ids, numbers and addresses are of type ANY: digits as an integer, digits after a + as a negative
-- one, else text. Field values of conflicts too: text = value, NULL = cleared, 0 = absent, 1 = unknown.

CREATE TABLE link (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  name TEXT NOT NULL,
  ctm_account TEXT NOT NULL,
  highlevel_location TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

-- Who may write. Every transaction of the daemon reads it again: a paused instance that was
-- replaced meanwhile finds another name here and stops.
CREATE TABLE lease (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  instance TEXT NOT NULL,
  generation INTEGER NOT NULL,
  taken_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One row per pair. fields, tags, fold and resolutions are compact JSON (storage/sqlite/encode.h).
-- touched counts what a person did while the daemon may have the pair in hand (see put_pair).
CREATE TABLE pair (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  status INTEGER NOT NULL,
  dirty INTEGER NOT NULL,
  touched INTEGER NOT NULL DEFAULT 0,
  made_by_us INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  ctm_id ANY,
  highlevel_id ANY,
  reason TEXT NOT NULL,
  fields TEXT,
  tags TEXT,
  fold TEXT,
  resolutions TEXT
) STRICT;
CREATE INDEX pair_status ON pair (status);
CREATE INDEX pair_dirty ON pair (dirty) WHERE dirty = 1;

CREATE TABLE parked (
  pair INTEGER NOT NULL REFERENCES pair (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  side INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  input TEXT NOT NULL,
  PRIMARY KEY (pair, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
  pair INTEGER NOT NULL REFERENCES pair (id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  side INTEGER NOT NULL,
  value ANY NOT NULL,
  alias INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (pair, kind, side, value)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identity_id ON identity (value, side) WHERE kind = 0;
CREATE INDEX identity_key ON identity (value, kind) WHERE kind <> 0;

-- Clustered by its key, so that the look-up of a sweep is one descent. person is NULL where it is
-- the id itself. Records keep no values of their own: those are their pair's.
CREATE TABLE source (
  side INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id ANY NOT NULL,
  person ANY,
  at_ms INTEGER NOT NULL,
  hash_low INTEGER NOT NULL,
  hash_high INTEGER NOT NULL,
  shown TEXT,
  tags TEXT,
  more TEXT,
  PRIMARY KEY (side, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_person ON source (side, person) WHERE person IS NOT NULL;

CREATE TABLE intent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pair INTEGER NOT NULL REFERENCES pair (id),
  side INTEGER NOT NULL,
  state INTEGER NOT NULL,
  key TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  run INTEGER NOT NULL,
  enlisted_ms INTEGER NOT NULL,
  sent_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX intent_pair ON intent (pair);

CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  side INTEGER NOT NULL,
  action TEXT NOT NULL,
  record_id TEXT NOT NULL,
  pair INTEGER NOT NULL,
  field TEXT NOT NULL,
  old_value TEXT,
  new_value TEXT,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX history_pair ON history (pair);
CREATE INDEX history_run ON history (run);

CREATE TABLE conflict (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pair INTEGER NOT NULL,
  field TEXT NOT NULL,
  base ANY,
  ctm ANY,
  highlevel ANY,
  policy TEXT NOT NULL,
  decision TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  run INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  is_open INTEGER NOT NULL
) STRICT;
CREATE INDEX conflict_pair ON conflict (pair);
CREATE UNIQUE INDEX conflict_open ON conflict (pair, field) WHERE is_open = 1;

-- decision: NULL = waits, 0 = approved, 1 = rejected. digest: of the group it was decided with.
CREATE TABLE pending (
  key TEXT PRIMARY KEY,
  class INTEGER NOT NULL,
  side INTEGER NOT NULL,
  pair INTEGER NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  decision INTEGER,
  digest TEXT,
  decided_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_pair ON pending (pair);

-- Undecided members in groups; derived, because a view cannot compute the digest.
CREATE TABLE pending_group (
  digest TEXT PRIMARY KEY,
  class INTEGER NOT NULL,
  side INTEGER,
  count INTEGER NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reads_ctm INTEGER NOT NULL,
  reads_highlevel INTEGER NOT NULL,
  writes_ctm INTEGER NOT NULL,
  writes_highlevel INTEGER NOT NULL,
  requests_ctm INTEGER NOT NULL,
  requests_highlevel INTEGER NOT NULL
) STRICT;
