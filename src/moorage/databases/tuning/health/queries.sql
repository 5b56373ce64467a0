-- What health is judged by. Everything is of the database we are connected to, or of its server as a whole; names of
-- other databases are in none of it. A plain role sees less of other sessions: counts say how much less.

-- name: server_state :one
SELECT
    pg_catalog.current_setting('server_version_num')::int AS version_number,
    pg_catalog.current_setting('server_version')::text AS version,
    extract(epoch FROM pg_catalog.now() - pg_catalog.pg_postmaster_start_time())::bigint AS up_seconds,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    pg_catalog.pg_database_size(d.oid)::bigint AS size_bytes,
    pg_catalog.current_setting('max_connections')::int AS connections_limit,
    (SELECT sum(a.numbackends) FROM pg_catalog.pg_stat_database AS a)::int AS connections,
    d.datconnlimit AS database_connections_limit,
    s.numbackends AS database_connections,
    s.blks_hit::bigint AS blocks_hit,
    s.blks_read::bigint AS blocks_read,
    s.checksum_failures::bigint AS checksum_failures,
    s.deadlocks::bigint AS deadlocks,
    s.temp_bytes::bigint AS temporary_bytes,
    pg_catalog.age(d.datfrozenxid) AS transaction_age,
    pg_catalog.mxid_age(d.datminmxid) AS multixact_age
FROM pg_catalog.pg_database AS d
JOIN pg_catalog.pg_stat_database AS s ON s.datid = d.oid
WHERE d.datname = pg_catalog.current_database();

-- name: session_waiting :many
-- Sessions that hold others up, or may: long statements, transactions left open, and whoever waits for a lock.
-- Texts of statements are not read: they hold other people's values.
SELECT
    a.pid,
    a.usename::text AS role_name,
    a.application_name::text AS application,
    a.state::text AS state,
    extract(epoch FROM pg_catalog.now() - coalesce(a.xact_start, a.query_start))::bigint AS seconds,
    extract(epoch FROM pg_catalog.now() - a.state_change)::bigint AS state_seconds,
    pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ',') AS blocked_by
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = pg_catalog.current_database()
    AND a.backend_type = 'client backend'
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND (
        (a.state = 'active' AND a.query_start < pg_catalog.now() - pg_catalog.make_interval(secs => :long_seconds))
        OR (a.state LIKE 'idle in transaction%'
            AND a.state_change < pg_catalog.now() - pg_catalog.make_interval(secs => :idle_seconds))
        OR a.wait_event_type = 'Lock'
    )
ORDER BY 5 DESC
LIMIT :limit;

-- name: session_hidden :value
-- How many sessions of other roles are there of which ours may not see what they do.
SELECT count(*)::int
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND query = '<insufficient privilege>';

-- name: prepared_transaction_old :many
-- Prepared transactions that nobody ended hold locks and keep dead rows for ever.
SELECT gid::text AS name, owner::text AS role_name,
    extract(epoch FROM pg_catalog.now() - prepared)::bigint AS seconds
FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
    AND prepared < pg_catalog.now() - pg_catalog.make_interval(secs => :idle_seconds)
ORDER BY prepared
LIMIT :limit;

-- name: replica_lag :many
-- Of a primary each replica; of a standby itself, under the name of where it replays from.
SELECT r.application_name::text AS name, r.state::text AS state,
    extract(epoch FROM r.replay_lag)::float8 AS lag_seconds,
    pg_catalog.pg_wal_lsn_diff(r.sent_lsn, r.replay_lsn)::bigint AS lag_bytes
FROM pg_catalog.pg_stat_replication AS r
WHERE NOT pg_catalog.pg_is_in_recovery()
UNION ALL
SELECT 'this standby', 'replaying',
    CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM pg_catalog.now() - pg_catalog.pg_last_xact_replay_timestamp()) END::float8,
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::bigint
WHERE pg_catalog.pg_is_in_recovery()
LIMIT :limit;

-- name: slot_holding :many
-- Replication slots and the write-ahead log they keep on the disk; logical ones of this database, and physical ones.
SELECT s.slot_name::text AS name, s.active AS is_active, s.wal_status::text AS status,
    pg_catalog.pg_wal_lsn_diff(
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END,
        s.restart_lsn
    )::bigint AS kept_bytes
FROM pg_catalog.pg_replication_slots AS s
WHERE s.database IS NULL OR s.database = pg_catalog.current_database()
ORDER BY 4 DESC NULLS LAST
LIMIT :limit;

-- name: table_dead :many
-- Tables with many rows that are dead, or statistics that are old; the most first.
SELECT t.schemaname::text AS schema_name, t.relname::text AS table_name,
    t.n_live_tup::bigint AS live, t.n_dead_tup::bigint AS dead, t.n_mod_since_analyze::bigint AS changed,
    greatest(t.last_vacuum, t.last_autovacuum)::text AS vacuumed,
    greatest(t.last_analyze, t.last_autoanalyze)::text AS analyzed
FROM pg_catalog.pg_stat_user_tables AS t
WHERE (t.n_dead_tup >= :least AND t.n_dead_tup > t.n_live_tup * 0.2)
    OR (t.n_mod_since_analyze >= :least AND t.n_mod_since_analyze > t.n_live_tup * 0.5)
ORDER BY t.n_dead_tup DESC, 1, 2
LIMIT :limit;

-- name: table_old :many
-- Tables whose oldest transaction id comes near the end of the ids.
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, pg_catalog.age(c.relfrozenxid) AS age
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 't') AND pg_catalog.age(c.relfrozenxid) > :oldest
ORDER BY 3 DESC
LIMIT :limit;

-- name: table_bloated :many
-- Large tables that take far more pages than their rows would: an estimate from the widths that ANALYZE has found.
-- 24 bytes of page header, and for each row 28 of header and pointer, are those of
-- https://www.postgresql.org/docs/current/storage-page-layout.html
SELECT estimated.schema_name, estimated.table_name, estimated.bytes, estimated.wasted
FROM (
    SELECT n.nspname::text AS schema_name, c.relname::text AS table_name,
        c.relpages::bigint * b.size AS bytes,
        c.relpages::bigint * b.size - ceil(c.reltuples * (28 + w.width) / (b.size - 24))::bigint * b.size AS wasted
    FROM (
        SELECT oid, relname, relnamespace, relpages, reltuples
        FROM pg_catalog.pg_class
        WHERE relkind IN ('r', 'm') AND relpages >= :least_pages AND reltuples >= 0
        ORDER BY relpages DESC
        LIMIT :limit
    ) AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname NOT LIKE 'pg\_%'
    CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::int AS size) AS b
    CROSS JOIN LATERAL (
        SELECT sum(s.avg_width * (1 - s.null_frac)) AS width
        FROM pg_catalog.pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
        HAVING count(*) = (
            SELECT count(*) FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        )
    ) AS w
) AS estimated
WHERE estimated.wasted > estimated.bytes * 0.5
ORDER BY estimated.wasted DESC
LIMIT :limit;

-- name: table_keyless :many
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.reltuples DESC, 1, 2
LIMIT :limit;

-- name: index_invalid :many
SELECT n.nspname::text AS schema_name, i.relname::text AS index_name, t.relname::text AS table_name
FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
WHERE NOT x.indisvalid AND i.relkind = 'i'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = i.oid)
ORDER BY 1, 2
LIMIT :limit;

-- name: index_unused :many
-- Indexes that no scan has used since the statistics began, and that keep no promise of uniqueness.
SELECT s.schemaname::text AS schema_name, s.indexrelname::text AS index_name, s.relname::text AS table_name,
    pg_catalog.pg_relation_size(s.indexrelid)::bigint AS bytes,
    (SELECT extract(epoch FROM pg_catalog.now() - coalesce(d.stats_reset, pg_catalog.pg_postmaster_start_time()))::bigint
     FROM pg_catalog.pg_stat_database AS d WHERE d.datname = pg_catalog.current_database()) AS counted_seconds
FROM pg_catalog.pg_stat_user_indexes AS s
JOIN pg_catalog.pg_index AS x ON x.indexrelid = s.indexrelid
JOIN pg_catalog.pg_class AS c ON c.oid = s.indexrelid
WHERE s.idx_scan = 0 AND NOT x.indisunique AND NOT x.indisexclusion AND NOT x.indisreplident AND x.indisvalid
    AND NOT c.relispartition AND c.relpages >= :least_pages
ORDER BY 4 DESC
LIMIT :limit;

-- name: index_duplicate :many
-- Indexes that say the same of the same table: columns, order, operators, condition. The unique one is worth keeping.
SELECT n.nspname::text AS schema_name, t.relname::text AS table_name,
    pg_catalog.string_agg(i.relname::text, ', ' ORDER BY x.indisprimary DESC, x.indisunique DESC, i.relname)
        AS index_names,
    (sum(pg_catalog.pg_relation_size(i.oid)) - max(pg_catalog.pg_relation_size(i.oid)))::bigint AS bytes
FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
WHERE x.indisvalid AND t.oid >= 16384
GROUP BY n.nspname, t.oid, t.relname, i.relam, x.indkey::text, x.indclass::text, x.indcollation::text,
    x.indoption::text, x.indnkeyatts,
    coalesce(pg_catalog.pg_get_expr(x.indexprs, x.indrelid), ''), coalesce(pg_catalog.pg_get_expr(x.indpred, x.indrelid), '')
HAVING count(*) > 1
ORDER BY 4 DESC
LIMIT :limit;

-- name: sequence_ending :many
-- Sequences that have given most of their numbers, or most of what the column they fill can hold.
SELECT s.schemaname::text AS schema_name, s.sequencename::text AS sequence_name,
    s.last_value::bigint AS last_value,
    least(s.max_value, filled.most)::bigint AS max_value,
    coalesce(filled.names, '') AS columns
FROM pg_catalog.pg_sequences AS s
JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.sequencename
LEFT JOIN LATERAL (
    SELECT min(CASE a.atttypid WHEN 'pg_catalog.int2'::pg_catalog.regtype THEN 32767 WHEN 'pg_catalog.int4'::pg_catalog.regtype THEN 2147483647 END) AS most,
        pg_catalog.string_agg(t.relname::text || '.' || a.attname::text, ', ') AS names
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
        AND d.refobjsubid > 0
) AS filled ON true
WHERE NOT s.cycle AND s.increment_by > 0
    AND s.last_value > least(s.max_value, filled.most) * CAST(:share AS float8)
ORDER BY s.last_value::float8 / least(s.max_value, filled.most) DESC
LIMIT :limit;

-- name: setting_list :many
-- As they stand for this role and database when a session begins, and whether a changed file waits for a restart.
SELECT name::text, reset_val::text AS value, coalesce(unit, '')::text AS unit, pending_restart AS waits_for_restart
FROM pg_catalog.pg_settings
WHERE name = ANY (CAST(:names AS text[])) OR pending_restart
ORDER BY name;

-- name: extension_list :many
SELECT e.extname::text AS name, e.extversion::text AS version, a.default_version::text AS newest
FROM pg_catalog.pg_extension AS e
LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
ORDER BY 1
LIMIT :limit;
