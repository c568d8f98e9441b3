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

-- What a person keeps apart is held and needs nobody.
DROP VIEW v_status;
CREATE VIEW v_status AS SELECT
  (SELECT name FROM link) AS link,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') FROM run
    WHERE outcome IN ('converged', 'awaiting_index', 'needs_person') ORDER BY id DESC LIMIT 1)
    AS last_good_cycle_at,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') FROM run
    WHERE kind = 'full' AND outcome IN ('converged', 'awaiting_index', 'needs_person')
    ORDER BY id DESC LIMIT 1) AS last_full_sweep_at,
  (SELECT count(*) FROM pair WHERE status = 0) AS pairs,
  (SELECT count(*) FROM pair WHERE status = 1
    AND NOT (fate IS NOT NULL AND json_extract(fate, '$[3]'))) AS held,
  (SELECT count(*) FROM conflict WHERE is_open = 1) AS conflicts,
  (SELECT count(*) FROM pending WHERE decision IS NULL) AS pending,
  (SELECT count(*) FROM parked) AS parked,
  (SELECT coalesce(sum(requests_ctm), 0) FROM run
    WHERE ended_ms >= strftime('%s', 'now', 'start of day') * 1000) AS calls_today_ctm,
  (SELECT coalesce(sum(requests_highlevel), 0) FROM run
    WHERE ended_ms >= strftime('%s', 'now', 'start of day') * 1000) AS calls_today_highlevel;
