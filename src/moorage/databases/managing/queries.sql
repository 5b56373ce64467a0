-- name: server_describe :one
-- What a candidate is: asked in a read-only transaction, by any role, also behind a pooler.
SELECT
    pg_catalog.current_setting('server_version') AS server_version,
    pg_catalog.current_database() AS database,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    COALESCE(
        (SELECT s.version FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid() AND s.ssl), ''
    ) AS tls,
    COALESCE(
        (
            SELECT pg_catalog.string_agg(e.extname || ' ' || e.extversion, ', ' ORDER BY e.extname)
            FROM pg_catalog.pg_extension AS e
            WHERE e.extname IN ('vector', 'hypopg', 'pg_stat_statements')
        ),
        ''
    ) AS extensions;
