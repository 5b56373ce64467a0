-- Statements with which the doctor looks: at servers (the first part), and into project databases (the second).

-- name: database_list :many
-- A database that an interrupted DROP left has the connection limit -2. Those read-only are so for every role.
SELECT d.datname AS name,
       d.datallowconn AS takes_connections,
       d.datconnlimit = -2 AS is_half_dropped,
       EXISTS (
           SELECT 1
           FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS a
           WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT'
       ) AS is_open_to_public,
       EXISTS (
           SELECT 1
           FROM pg_catalog.pg_db_role_setting AS s
           WHERE s.setdatabase = d.oid AND s.setrole = 0
             AND 'default_transaction_read_only=on' = ANY (s.setconfig)
       ) AS is_read_only,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS may_connect,
       COALESCE(t.checksum_failures, 0) AS checksum_failures
FROM pg_catalog.pg_database AS d
LEFT JOIN pg_catalog.pg_stat_database AS t ON t.datid = d.oid
WHERE starts_with(d.datname, 'project_')
   OR starts_with(d.datname, 'moorage_')
   OR d.datname = :registry_database
ORDER BY d.datname;

-- name: database_collations_changed :many
-- PostgreSQL 15 and newer record the version of the collation that text indexes were built with.
SELECT d.datname AS name
FROM pg_catalog.pg_database AS d
WHERE d.datcollversion <> pg_catalog.pg_database_collation_actual_version(d.oid);

-- name: connection_count :value
SELECT count(*)
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend';

-- name: session_idle_in_transaction :many
-- Sessions that hold an advisory lock are at a long piece of work, and wait in their transaction on purpose.
SELECT a.pid, a.datname AS database_name, extract(epoch FROM now() - a.state_change)::integer AS seconds
FROM pg_catalog.pg_stat_activity AS a
WHERE a.application_name = :application_name
  AND a.state LIKE 'idle in transaction%'
  AND a.state_change < now() - CAST(:longer_than AS interval)
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory')
ORDER BY a.pid;

-- name: session_end :exec
-- Ends the session only if it still idles as long; a process id may have been given to another meanwhile.
SELECT pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = :pid
  AND a.application_name = :application_name
  AND a.state LIKE 'idle in transaction%'
  AND a.state_change < now() - CAST(:longer_than AS interval);

-- name: extension_available :value
SELECT default_version
FROM pg_catalog.pg_available_extensions
WHERE name = 'vector';

-- name: project_adopt :optional
-- No row comes back when the name or the id is taken. A tombstone of the project is taken away.
WITH alive_again AS (
    DELETE FROM public.deleted_projects WHERE id = :id
)
INSERT INTO public.projects (id, name, database_name, state, created_by, server)
VALUES (:id, :name, :database_name, 'ready', :created_by, :server)
ON CONFLICT DO NOTHING
RETURNING name;

-- Project databases ---------------------------------------------------------------------------------------------------

-- name: table_list :many
SELECT schemaname AS schema_name,
       relname AS name,
       n_live_tup AS live_rows,
       n_dead_tup AS dead_rows,
       COALESCE(last_analyze, last_autoanalyze) IS NOT NULL AS is_analysed
FROM pg_catalog.pg_stat_user_tables
WHERE schemaname = ANY (CAST(:schemas AS text[]))
ORDER BY schemaname, relname;

-- name: extension_installed :value
SELECT extversion
FROM pg_catalog.pg_extension
WHERE extname = 'vector';

-- name: role_lacks_grants :value
-- Whether a role may not connect here, or not read one of the tables.
SELECT NOT pg_catalog.has_database_privilege(:role, current_database(), 'CONNECT')
    OR EXISTS (
        SELECT 1
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (CAST(:schemas AS text[]))
          AND c.relkind = 'r'
          AND NOT (pg_catalog.has_schema_privilege(:role, n.oid, 'USAGE')
                   AND pg_catalog.has_table_privilege(:role, c.oid, 'SELECT'))
    );
