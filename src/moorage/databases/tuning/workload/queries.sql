-- What a database is busy with: from pg_stat_statements where it is installed, else what runs at this moment.

-- name: extension_place :optional
-- Only what belongs to the extension itself is read: anybody may make a view of its name.
SELECT n.nspname::text AS schema_name, e.extversion::text AS version,
    EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements' AND a.attname = 'wal_bytes'
    ) AS has_columns
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements';

-- name: statement_top :many
-- The columns are those that version 1.8 (PostgreSQL 13) and every later one have. The view stands in the schema of
-- the extension, which is the search path of this transaction.
SELECT top.query, top.text_length, top.calls, top.total_ms, top.mean_ms, top.rows, top.blocks_read, top.blocks_found,
    top.temporary_blocks, top.wal_bytes, top.measure, top.whole
FROM (
    SELECT
        pg_catalog.left(s.query, :max_characters) AS query,
        pg_catalog.length(s.query) AS text_length,
        s.calls::bigint AS calls,
        s.total_exec_time::float8 AS total_ms,
        s.mean_exec_time::float8 AS mean_ms,
        s.rows::bigint AS rows,
        s.shared_blks_read::bigint AS blocks_read,
        s.shared_blks_hit::bigint AS blocks_found,
        (s.temp_blks_read + s.temp_blks_written)::bigint AS temporary_blocks,
        s.wal_bytes::float8 AS wal_bytes,
        m.measure,
        sum(m.measure) OVER () AS whole
    FROM pg_stat_statements AS s
    CROSS JOIN LATERAL (
        SELECT (CASE CAST(:by AS text)
            WHEN 'total_time' THEN s.total_exec_time
            WHEN 'mean_time' THEN s.mean_exec_time
            WHEN 'calls' THEN s.calls
            WHEN 'rows' THEN s.rows
            WHEN 'reads' THEN s.shared_blks_read
            WHEN 'temp' THEN s.temp_blks_read + s.temp_blks_written
            WHEN 'wal' THEN s.wal_bytes::float8
        END)::float8 AS measure
    ) AS m
    WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
) AS top
WHERE top.measure > 0
ORDER BY top.measure DESC, top.query
LIMIT :limit;

-- name: statement_running :many
-- What runs now, the longest first; of other roles' statements the text is hidden from a plain role.
SELECT a.pid, a.usename::text AS role_name,
    extract(epoch FROM pg_catalog.now() - a.query_start)::float8 AS seconds,
    coalesce(a.wait_event_type, '')::text AS waits_for,
    pg_catalog.left(a.query, :max_characters) AS query,
    pg_catalog.length(a.query) AS text_length
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend'
    AND a.pid <> pg_catalog.pg_backend_pid() AND a.state = 'active'
ORDER BY a.query_start
LIMIT :limit;
