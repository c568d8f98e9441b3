-- The stable views. Columns may be added, never renamed. Times are ISO-8601 UTC, ids are text, a
-- blank or unknown value is NULL. Only built-in functions: any sqlite3 of 3.38 or later reads them.

CREATE VIEW v_status AS SELECT
  (SELECT name FROM link) AS link,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') FROM run
    WHERE outcome IN ('converged', 'awaiting_index', 'needs_person') ORDER BY id DESC LIMIT 1)
    AS last_good_cycle_at,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') FROM run
    WHERE kind = 'full' AND outcome IN ('converged', 'awaiting_index', 'needs_person')
    ORDER BY id DESC LIMIT 1) AS last_full_sweep_at,
  (SELECT count(*) FROM pair WHERE status = 0) AS pairs,
  (SELECT count(*) FROM pair WHERE status = 1) AS held,
  (SELECT count(*) FROM conflict WHERE is_open = 1) AS conflicts,
  (SELECT count(*) FROM pending WHERE decision IS NULL) AS pending,
  (SELECT count(*) FROM parked) AS parked,
  (SELECT coalesce(sum(requests_ctm), 0) FROM run
    WHERE ended_ms >= strftime('%s', 'now', 'start of day') * 1000) AS calls_today_ctm,
  (SELECT coalesce(sum(requests_highlevel), 0) FROM run
    WHERE ended_ms >= strftime('%s', 'now', 'start of day') * 1000) AS calls_today_highlevel;

CREATE VIEW v_pairs AS SELECT
  CAST(id AS TEXT) AS pair_id,
  'contact' AS kind,
  CASE typeof(ctm_id) WHEN 'integer' THEN iif(ctm_id < 0, '+', '') || abs(ctm_id) ELSE ctm_id END AS ctm_id,
  CASE typeof(highlevel_id) WHEN 'integer' THEN iif(highlevel_id < 0, '+', '') || abs(highlevel_id)
    ELSE highlevel_id END AS highlevel_id,
  CASE status WHEN 0 THEN 'linked' WHEN 1 THEN 'held' WHEN 2 THEN 'ctm_only' WHEN 3 THEN 'highlevel_only'
    WHEN 4 THEN 'ignored' WHEN 5 THEN 'tombstone' END AS state,
  reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(since_ms, 0) / 1000.0, 'unixepoch') AS since
FROM pair;

-- pair.fields is a list: first what most fields share of version, changed_by and changed_at (as a
-- distance from since_ms), then the fields. "fAnn" or ["name","Ann"]: both sides agree on it. Else an
-- object, in which a missing B, c or h repeats what stands before it.
CREATE VIEW v_fields AS
WITH entry AS (
  SELECT p.id AS pair, p.since_ms AS since_ms, e.type = 'object' AS is_object,
    CASE e.type WHEN 'text' THEN substr(e.value, 1, 1) WHEN 'array' THEN json_extract(e.value, '$[0]')
      ELSE json_extract(e.value, '$.k') END AS code,
    CASE e.type WHEN 'text' THEN nullif(substr(e.value, 2), '')
      WHEN 'array' THEN CASE json_type(e.value, '$[1]') WHEN 'text' THEN json_extract(e.value, '$[1]') END
      END AS plain,
    CASE e.type WHEN 'object' THEN e.value ELSE '{}' END AS body,
    json_extract(p.fields, '$[0]') AS shared
  FROM pair AS p, json_each(p.fields) AS e WHERE e.key <> 0
), base AS (
  SELECT *, CASE WHEN is_object THEN CASE json_type(body, '$.b') WHEN 'text' THEN json_extract(body, '$.b') END
    ELSE plain END AS base_ctm
  FROM entry
), bases AS (
  SELECT *, CASE WHEN json_type(body, '$.B') IS NULL THEN base_ctm
    WHEN json_type(body, '$.B') = 'text' THEN json_extract(body, '$.B') END AS base_highlevel
  FROM base
), full AS (
  SELECT *,
    CASE WHEN json_type(body, '$.c') IS NULL THEN base_ctm
      WHEN json_type(body, '$.c') = 'text' THEN json_extract(body, '$.c') END AS seen_ctm,
    CASE WHEN json_type(body, '$.h') IS NULL THEN base_highlevel
      WHEN json_type(body, '$.h') = 'text' THEN json_extract(body, '$.h') END AS seen_highlevel,
    coalesce(json_extract(body, '$.m'), shared) AS change
  FROM bases
), tagged AS (
  SELECT id AS pair, since_ms, json_extract(tags, '$.b') AS base_ctm,
    CASE WHEN json_type(tags, '$.B') IS NULL THEN json_extract(tags, '$.b')
      ELSE json_extract(tags, '$.B') END AS base_highlevel,
    tags, coalesce(json_extract(tags, '$.m'), '[]') AS change
  FROM pair WHERE tags IS NOT NULL
)
SELECT
  CAST(pair AS TEXT) AS pair_id,
  CASE code WHEN 'f' THEN 'first_name' WHEN 'l' THEN 'last_name' WHEN 'n' THEN 'name' WHEN 'e' THEN 'email'
    WHEN 'p' THEN 'phone' WHEN 'c' THEN 'company' WHEN 'a' THEN 'address1' WHEN 't' THEN 'city'
    WHEN 's' THEN 'state' WHEN 'z' THEN 'postal_code' WHEN 'y' THEN 'country' WHEN 'w' THEN 'website'
    ELSE CASE substr(code, 1, 1) WHEN '=' THEN substr(code, 2) ELSE code END END AS field,
  base_ctm, base_highlevel, seen_ctm, seen_highlevel,
  coalesce(json_extract(change, '$[0]'), 0) AS version,
  nullif(json_extract(change, '$[1]'), '') AS changed_by,
  strftime('%Y-%m-%dT%H:%M:%fZ', (since_ms + json_extract(change, '$[2]')) / 1000.0, 'unixepoch') AS changed_at
FROM full
UNION ALL
SELECT
  CAST(pair AS TEXT), 'tags', base_ctm, base_highlevel,
  CASE WHEN json_type(tags, '$.c') IS NULL THEN base_ctm ELSE json_extract(tags, '$.c') END,
  CASE WHEN json_type(tags, '$.h') IS NULL THEN base_highlevel ELSE json_extract(tags, '$.h') END,
  coalesce(json_extract(change, '$[0]'), 0),
  nullif(json_extract(change, '$[1]'), ''),
  strftime('%Y-%m-%dT%H:%M:%fZ', (since_ms + json_extract(change, '$[2]')) / 1000.0, 'unixepoch')
FROM tagged;

CREATE VIEW v_conflicts AS SELECT
  CAST(id AS TEXT) AS conflict_id,
  CAST(pair AS TEXT) AS pair_id,
  field,
  CASE typeof(base) WHEN 'text' THEN base END AS base,
  CASE typeof(ctm) WHEN 'text' THEN ctm END AS ctm,
  CASE typeof(highlevel) WHEN 'text' THEN highlevel END AS highlevel,
  policy,
  decision,
  nullif(decided_by, '') AS decided_by,
  CAST(run AS TEXT) AS run_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(at_ms, 0) / 1000.0, 'unixepoch') AS at,
  is_open
FROM conflict;

CREATE VIEW v_pending AS
WITH grouped AS (
  SELECT digest, class, side, count, reason, since_ms, NULL AS decision FROM pending_group
  UNION ALL
  SELECT digest, class, CASE class WHEN 0 THEN NULL ELSE side END AS one_side, count(*), reason,
    min(since_ms), decision
  FROM pending WHERE decision IS NOT NULL GROUP BY digest, class, one_side, decision
)
SELECT
  digest,
  CASE class WHEN 0 THEN 'first_run' WHEN 1 THEN 'delete' WHEN 2 THEN 'update' WHEN 3 THEN 'create' END AS class,
  CASE side WHEN 0 THEN 'ctm' WHEN 1 THEN 'highlevel' END AS side,
  count,
  reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(since_ms, 0) / 1000.0, 'unixepoch') AS since,
  CASE decision WHEN 0 THEN 'approved' WHEN 1 THEN 'rejected' END AS decision
FROM grouped;

CREATE VIEW v_parked AS SELECT
  CAST(pair AS TEXT) AS pair_id,
  CASE side WHEN 0 THEN 'ctm' ELSE 'highlevel' END AS side,
  record_id,
  field,
  reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(since_ms, 0) / 1000.0, 'unixepoch') AS since,
  attempts
FROM parked;

CREATE VIEW v_history AS SELECT
  CAST(run AS TEXT) AS run_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(at_ms, 0) / 1000.0, 'unixepoch') AS at,
  CASE side WHEN 0 THEN 'ctm' ELSE 'highlevel' END AS side,
  action,
  record_id,
  CAST(pair AS TEXT) AS pair_id,
  field,
  old_value,
  new_value,
  reason
FROM history;

CREATE VIEW v_identities AS SELECT
  CAST(pair AS TEXT) AS pair_id,
  CASE side WHEN 0 THEN 'ctm' ELSE 'highlevel' END AS side,
  CASE kind WHEN 0 THEN 'id' WHEN 1 THEN 'phone' WHEN 2 THEN 'email' END AS kind,
  CASE typeof(value) WHEN 'integer' THEN iif(value < 0, '+', '') || abs(value) ELSE value END AS value,
  CASE alias WHEN 0 THEN 'primary' ELSE 'alias' END AS role,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(since_ms, 0) / 1000.0, 'unixepoch') AS since
FROM identity;

-- Nothing fills these two yet; their columns are promised already.
CREATE VIEW v_activities AS SELECT
  NULL AS pair_id, NULL AS side, NULL AS kind, NULL AS remote_id, NULL AS counterpart_id, NULL AS at,
  NULL AS state, NULL AS summary
WHERE 0;

CREATE VIEW v_firings AS SELECT
  NULL AS rule, NULL AS event_key, NULL AS pair_id, NULL AS action, NULL AS remote_id, NULL AS outcome, NULL AS at
WHERE 0;

CREATE VIEW v_runs AS SELECT
  CAST(id AS TEXT) AS run_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(started_ms, 0) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(ended_ms, 0) / 1000.0, 'unixepoch') AS ended_at,
  kind,
  nullif(outcome, '') AS outcome,
  reads_ctm,
  reads_highlevel,
  writes_ctm,
  writes_highlevel
FROM run;
