-- Statements of restoring: the first part for the registry, the second for project databases.

-- name: registry_is_empty :value
SELECT NOT EXISTS (SELECT FROM public.projects) AND NOT EXISTS (SELECT FROM public.tokens);

-- name: project_restore :optional
-- A row as it was, but `copying`; without its folder when that is another project's now, and without the project it
-- is a snapshot of when that is gone. No row comes back when its name or its id is taken.
INSERT INTO public.projects (id, name, database_name, description, folder, state, generation, created_by, created_at,
                             title, server, snapshot_of, last_used_at, max_bytes, max_connections)
SELECT :id, CAST(:name AS text), 'project_' || :name, :description,
       CASE WHEN NOT EXISTS (SELECT FROM public.projects WHERE folder = :folder) THEN CAST(:folder AS text) END,
       'copying', :generation, :created_by, :created_at, :title, :server,
       (SELECT id FROM public.projects WHERE id = :snapshot_of), :last_used_at, :max_bytes, :max_connections
ON CONFLICT DO NOTHING
RETURNING id, name, database_name, description, folder, state, generation, created_by, created_at, updated_at,
          title, server, snapshot_of, last_used_at, database_bytes, max_bytes, max_connections;

-- name: tombstone_delete :exec
DELETE FROM public.deleted_projects
WHERE id = :id;

-- name: tombstone_list :many
SELECT to_jsonb(t) AS tombstone
FROM public.deleted_projects AS t;

-- name: tombstone_restore :exec
-- All columns, whichever they are: both tables were made by the same migrations.
INSERT INTO public.deleted_projects
SELECT t.*
FROM jsonb_populate_recordset(CAST(NULL AS public.deleted_projects), CAST(:tombstones AS jsonb)) AS t
ON CONFLICT DO NOTHING;

-- name: token_list :many
SELECT to_jsonb(t) AS token
FROM public.tokens AS t;

-- name: token_restore :exec
INSERT INTO public.tokens
SELECT t.*
FROM jsonb_populate_recordset(CAST(NULL AS public.tokens), CAST(:tokens AS jsonb)) AS t
ON CONFLICT DO NOTHING;

-- name: extension_is_within_reach :value
-- Whether this role may add the extension to a database of its own, as far as the catalogue tells.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_available_extension_versions
    WHERE name = :name
      AND (trusted OR NOT superuser OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))
);

-- Of project databases:

-- name: table_bytes :value
SELECT pg_catalog.pg_table_size(CAST(CAST(:table_name AS text) AS regclass));

-- name: setting_set :exec
-- Until the transaction ends.
SELECT set_config(:name, :value, true);
