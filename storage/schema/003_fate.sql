-- Deletions with their proof, a person's rulings on the matching, erasure, and second tries.

-- fate: what became of a pair's records (storage/sqlite/encode.h); NULL for nearly all.
ALTER TABLE pair ADD COLUMN fate TEXT;
ALTER TABLE parked ADD COLUMN retry_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX parked_retry ON parked (retry_ms) WHERE retry_ms <> 0;

-- Sources that may be gone. absent: a complete listing did not show it; else only a direct read said so.
CREATE TABLE suspect (
  side INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id ANY NOT NULL,
  person ANY NOT NULL,
  since_ms INTEGER NOT NULL,
  absent INTEGER NOT NULL,
  PRIMARY KEY (side, kind, id)
) STRICT, WITHOUT ROWID;

-- kind: 0 link, 1 keep apart, 2 unlink. What a later match must not overrule stays (apart, unlink, link).
CREATE TABLE ruling (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  ctm_id ANY NOT NULL,
  highlevel_id ANY NOT NULL,
  at_ms INTEGER NOT NULL,
  is_new INTEGER NOT NULL,
  UNIQUE (ctm_id, highlevel_id)
) STRICT;

-- Whoever was erased, as salted digests of ids, numbers and addresses: known again, never shown.
CREATE TABLE erased (digest TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

DROP VIEW v_parked;
CREATE VIEW v_parked AS SELECT
  CAST(pair AS TEXT) AS pair_id,
  CASE side WHEN 0 THEN 'ctm' ELSE 'highlevel' END AS side,
  record_id,
  field,
  reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(since_ms, 0) / 1000.0, 'unixepoch') AS since,
  attempts,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(retry_ms, 0) / 1000.0, 'unixepoch') AS next_try_at
FROM parked;
