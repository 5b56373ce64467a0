-- name: type_insert :optional
-- No row comes back when the name, or the key prefix, is taken. The versions of a type that was deleted are not used
-- again: processes that remember it would take the new one for it.
WITH type AS (
    INSERT INTO workflow.entity_schemas (
        schema_name, version, schema_definition, description, rules, key_prefix, created_by, updated_by
    )
    VALUES (
        :schema_name,
        coalesce((SELECT gone.version + 1 FROM workflow.deleted_types AS gone WHERE gone.schema_name = :schema_name), 1),
        :schema_definition::jsonb, :description, :rules::jsonb, :key_prefix, :actor, :actor
    )
    ON CONFLICT DO NOTHING
    RETURNING schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at, updated_by
), version AS (
    INSERT INTO workflow.entity_schema_versions (schema_name, version, schema_definition, rules, change, created_by)
    SELECT schema_name, version, schema_definition, rules, 'first', created_by
    FROM type
), change AS (
    INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
    SELECT 'type', 'create', version, jsonb_build_object('schema_name', schema_name), created_by
    FROM type
)
SELECT schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at, updated_by
FROM type;

-- name: type_get :optional
SELECT schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at, updated_by
FROM workflow.entity_schemas
WHERE schema_name = :schema_name;

-- name: type_steps :many
SELECT to_version, steps
FROM workflow.schema_migrations
WHERE schema_name = :schema_name AND to_version <= :upto AND steps <> '[]'
ORDER BY to_version;

-- name: type_list :many
SELECT schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at, updated_by
FROM workflow.entity_schemas
ORDER BY schema_name;

-- name: type_lock_all :exec
-- Types are made and deleted one after the other in a project: each sees the names and prefixes that are taken.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.workflow.types', 0));

-- name: type_lock :optional
-- Who writes entities of the type holds KEY SHARE on this row, so that none comes while it is held.
SELECT schema_name
FROM workflow.entity_schemas
WHERE schema_name = :schema_name
FOR UPDATE;

-- name: type_delete :optional
WITH type AS (
    DELETE FROM workflow.entity_schemas
    WHERE schema_name = :schema_name
    RETURNING schema_name, version
), gone AS (
    INSERT INTO workflow.deleted_types (schema_name, version)
    SELECT schema_name, version
    FROM type
    ON CONFLICT (schema_name) DO UPDATE SET version = excluded.version
), change AS (
    INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
    SELECT 'type', 'delete', version, jsonb_build_object('schema_name', schema_name), :actor
    FROM type
)
SELECT version
FROM type;

-- name: type_extents :many
-- Of all types that have entities, or of the one named.
SELECT
    schema_name,
    count(*) FILTER (WHERE deleted_at IS NULL) AS entities,
    count(*) FILTER (WHERE deleted_at IS NOT NULL) AS deleted
FROM workflow.entities
WHERE :schema_name::text IS NULL OR schema_name = :schema_name
GROUP BY schema_name;
