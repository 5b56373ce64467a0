-- Statements of the registry (the first part) and of project databases (the second).

-- name: project_by_name :optional
SELECT id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections
FROM public.projects
WHERE name = :name;

-- name: project_by_folder :optional
SELECT id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections
FROM public.projects
WHERE folder = :folder;

-- name: project_list :many
-- Keyset pages in the order of names, of the projects that are visible; NULL is all of them, and no limit.
SELECT id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections
FROM public.projects
WHERE name > :after
  AND (CAST(:visible AS text[]) IS NULL OR name = ANY (CAST(:visible AS text[])))
ORDER BY name
LIMIT :limit;

-- name: project_foremost :many
SELECT id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections
FROM public.projects
WHERE CAST(:visible AS text[]) IS NULL OR name = ANY (CAST(:visible AS text[]))
ORDER BY CASE WHEN CAST(:order AS text) = 'size' THEN database_bytes END DESC NULLS LAST,
         CASE WHEN CAST(:order AS text) = 'last-use' THEN last_used_at END DESC NULLS LAST,
         name
LIMIT :limit;

-- name: project_sizes :many
SELECT id, name, database_name, state, server, database_bytes
FROM public.projects
ORDER BY name;

-- name: project_set_sizes :exec
-- In the order of their ids, so that two processes that write at once wait for each other once.
WITH measured AS (
    SELECT p.id, new.bytes
    FROM unnest(CAST(:ids AS uuid[]), CAST(:bytes AS bigint[])) AS new (id, bytes)
    JOIN public.projects AS p ON p.id = new.id
    WHERE p.database_bytes IS DISTINCT FROM new.bytes
    ORDER BY p.id
    FOR NO KEY UPDATE OF p
)
UPDATE public.projects AS p
SET database_bytes = measured.bytes
FROM measured
WHERE p.id = measured.id;

-- name: project_set_last_used :exec
-- Never back: another process may have used it since. In the order of their ids, as above.
WITH used AS (
    SELECT p.id, new.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS new (id, at)
    JOIN public.projects AS p ON p.id = new.id
    WHERE p.last_used_at IS NULL OR p.last_used_at < new.at
    ORDER BY p.id
    FOR NO KEY UPDATE OF p
)
UPDATE public.projects AS p
SET last_used_at = used.at
FROM used
WHERE p.id = used.id;

-- name: project_counts :many
SELECT server, count(*) AS projects
FROM public.projects
GROUP BY server;

-- name: project_insert :optional
-- No row comes back when the name or the folder is taken.
INSERT INTO public.projects (name, database_name, description, folder, created_by, server)
VALUES (:name, 'project_' || :name, :description, :folder, :created_by, :server)
ON CONFLICT DO NOTHING
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_edit :optional
-- NULL leaves a field as it is, an empty text clears it.
UPDATE public.projects
SET title = CASE WHEN CAST(:title AS text) IS NULL THEN title ELSE NULLIF(:title, '') END,
    description = CASE WHEN CAST(:description AS text) IS NULL THEN description ELSE NULLIF(:description, '') END,
    folder = CASE WHEN CAST(:folder AS text) IS NULL THEN folder ELSE NULLIF(:folder, '') END,
    updated_at = now()
WHERE id = :id
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_limit :optional
-- NULL leaves a limit as it is, 0 takes it away.
UPDATE public.projects
SET max_bytes = CASE WHEN CAST(:max_bytes AS bigint) IS NULL THEN max_bytes ELSE NULLIF(:max_bytes, 0) END,
    max_connections = CASE WHEN CAST(:max_connections AS integer) IS NULL THEN max_connections
                           ELSE NULLIF(:max_connections, 0) END,
    updated_at = now()
WHERE id = :id
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_begin_copy :optional
-- A copy whose process was killed is begun anew, in the same row. No row comes back when a project has the name.
INSERT INTO public.projects AS p (
    name, database_name, title, description, state, created_by, server, snapshot_of, max_bytes, max_connections
)
SELECT :name,
       'project_' || :name,
       title, description, 'copying',
       :created_by,
       server,
       CASE WHEN :is_snapshot THEN id END, max_bytes, max_connections
FROM public.projects
WHERE id = :source_id
ON CONFLICT (name) DO UPDATE
SET title = EXCLUDED.title, description = EXCLUDED.description, created_by = EXCLUDED.created_by,
    server = EXCLUDED.server, snapshot_of = EXCLUDED.snapshot_of, max_bytes = EXCLUDED.max_bytes,
    max_connections = EXCLUDED.max_connections, created_at = now(), updated_at = now()
WHERE p.state = 'copying'
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_discard :exec
-- What is half-made; a project that is whole is not touched.
DELETE FROM public.projects
WHERE name = ANY (CAST(:names AS text[])) AND state = 'copying';

-- name: project_snapshots :many
SELECT id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections
FROM public.projects
WHERE snapshot_of = :id
ORDER BY created_at DESC, name;

-- name: project_set_state :optional
-- No row comes back when the project has gone on, or is gone. Connections made before are closed by their processes:
-- they may be to another database, or write where one only reads from now on.
UPDATE public.projects
SET state = :state, generation = generation + 1, updated_at = now()
WHERE id = :id AND state = ANY (CAST(:from_states AS text[]))
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
       title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_place :optional
-- Ends a move. No row comes back when the project has been moved or changed meanwhile.
UPDATE public.projects
SET server = :to_server,
    state = CASE state WHEN 'moving' THEN 'ready' ELSE state END,
    generation = generation + 1,
    updated_at = now()
WHERE id = :id AND server = :from_server AND state IN ('moving', 'archived')
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
          title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: project_begin_delete :exec
-- The tombstone comes with the new state, so that a crash loses neither who deleted it nor where its backup lies.
WITH doomed AS (
    UPDATE public.projects
    SET state = 'deleting', generation = generation + 1, updated_at = now()
    WHERE id = :id
    RETURNING id, name, database_name, server, title, description, created_at, created_by
)
INSERT INTO public.deleted_projects AS t (
    id, name, database_name, server, title, description, created_at, created_by, deleted_by, backup
)
SELECT id, name, database_name, server, title, description, created_at, created_by,
       :deleted_by,
       :backup
FROM doomed
ON CONFLICT (id) DO UPDATE
SET deleted_at = now(), deleted_by = EXCLUDED.deleted_by, backup = COALESCE(EXCLUDED.backup, t.backup);

-- name: tombstone_list :many
-- Projects that were restored, or are still being deleted, are not among the dead.
SELECT id, name, server, title, description, created_at, created_by, deleted_at, deleted_by, backup
FROM public.deleted_projects AS t
WHERE NOT EXISTS (SELECT 1 FROM public.projects AS p WHERE p.id = t.id)
  AND (CAST(:visible AS text[]) IS NULL OR name = ANY (CAST(:visible AS text[])))
ORDER BY deleted_at DESC, name
LIMIT :limit;

-- name: project_delete :exec
-- Tokens for it are none for a later project of its name.
WITH deleted AS (
    DELETE FROM public.projects
    WHERE id = :id AND state = 'deleting'
    RETURNING name
)
UPDATE public.tokens AS t
SET projects = array_remove(t.projects, d.name)
FROM deleted AS d
WHERE d.name = ANY (t.projects);

-- name: patience_set :exec
-- For the session: what takes long takes as long as it takes. Which limits there are depends on the server's version.
SELECT set_config(name, '0', false)
FROM pg_catalog.pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');

-- name: project_lock :exec
-- Held until the transaction ends: one process at a time creates or deletes this project.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.project.' || :name, 0));

-- name: project_try_lock :value
SELECT pg_try_advisory_xact_lock(hashtextextended('moorage.project.' || :name, 0));

-- name: template_lock :exec
-- One template at a time is made on a server.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.template.' || :server, 0));

-- name: staging_lock :exec
-- Held for as long as a process fills this staging database.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.staging.' || :name, 0));

-- name: staging_is_unlocked :value
SELECT pg_try_advisory_xact_lock(hashtextextended('moorage.staging.' || :name, 0));

-- name: database_exists :value
SELECT datallowconn
FROM pg_catalog.pg_database
WHERE datname = :database_name;

-- name: database_sizes :many
SELECT d.datname, pg_catalog.pg_database_size(d.oid) AS bytes
FROM pg_catalog.pg_database AS d
WHERE d.datname = ANY (CAST(:database_names AS text[]));

-- name: database_settings :many
SELECT setting
FROM pg_catalog.pg_db_role_setting AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN unnest(s.setconfig) AS setting
WHERE d.datname = :database_name AND s.setrole = 0 AND setting NOT LIKE 'default_transaction_read_only=%'
ORDER BY setting;

-- name: setting_statement :value
-- Sets the value for this transaction, and gives the statement that keeps it for the database.
SELECT format('ALTER DATABASE %I SET %I FROM CURRENT', current_database(), CAST(:setting AS text))
FROM set_config(:setting, :value, true);

-- name: connection_limit :value
-- What is left for ordinary roles; PostgreSQL 16 reserves some more, for members of pg_use_reserved_connections.
SELECT current_setting('max_connections')::integer
       - current_setting('superuser_reserved_connections')::integer
       - COALESCE(current_setting('reserved_connections', true)::integer, 0);

-- name: role_remark :optional
-- The comment on a role of this name.
SELECT shobj_description(oid, 'pg_authid') AS remark
FROM pg_catalog.pg_roles
WHERE rolname = :name;

-- name: role_list :many
-- The roles that were made for projects, with the project's name.
SELECT rolname AS name, substr(shobj_description(oid, 'pg_authid'), length(:prefix) + 1) AS project_name
FROM pg_catalog.pg_roles
WHERE starts_with(shobj_description(oid, 'pg_authid'), :prefix)
ORDER BY rolname;

-- name: identity_get :optional
SELECT project_id
FROM moorage.identity;

-- name: identity_insert :exec
INSERT INTO moorage.identity (project_id)
VALUES (:project_id)
ON CONFLICT DO NOTHING;

-- name: identity_replace :exec
INSERT INTO moorage.identity (project_id)
VALUES (:project_id)
ON CONFLICT (only_row) DO UPDATE SET project_id = EXCLUDED.project_id;

-- name: lines_exist :value
-- False in databases from before lines were recorded.
SELECT to_regclass('moorage.lines') IS NOT NULL;

-- name: line_names :many
SELECT name
FROM moorage.lines;

-- name: lines_record :exec
INSERT INTO moorage.lines (name)
SELECT unnest(CAST(:names AS text[]))
ON CONFLICT DO NOTHING;

-- name: database_users :many
-- Who would be hurt by dropping the database: strangers, and Moorage processes that worked in it just now.
SELECT application_name, state, count(*) AS sessions
FROM pg_catalog.pg_stat_activity
WHERE datname = :database_name
  AND pid <> pg_backend_pid()
  AND (application_name <> 'moorage' OR state <> 'idle' OR state_change > now() - CAST(:within AS interval))
GROUP BY application_name, state;

-- name: sessions_end :value
-- Ends what the login role may end: all sessions, or only Moorage's that have been idle for a while.
-- Each is waited for, in milliseconds: a pooler that lends a session which is just ending fails the call that gets it.
SELECT count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(pid, 5000))
FROM pg_catalog.pg_stat_activity
WHERE datname = :database_name
  AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND pg_catalog.pg_has_role(usesysid, 'MEMBER')
  AND (
    CAST(:idle_for AS interval) IS NULL
    OR (application_name = 'moorage' AND state = 'idle' AND state_change <= now() - CAST(:idle_for AS interval))
  );

-- name: index_list :many
SELECT n.nspname AS schema_name, c.relname AS index_name, i.indisvalid AND i.indisready AS is_valid
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast')
ORDER BY schema_name, index_name;

-- name: table_sizes :many
-- Bytes with indexes and TOAST, rows as the planner believes; -1 before the first ANALYZE.
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       pg_catalog.pg_total_relation_size(c.oid) AS bytes,
       CAST(c.reltuples AS bigint) AS estimated_rows
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY bytes DESC, schema_name, table_name;
