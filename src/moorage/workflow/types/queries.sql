-- name: type_insert :optional
-- No row comes back when the name, or the key prefix, is taken.
WITH type AS (
    INSERT INTO workflow.entity_schemas (schema_name, schema_definition, description, rules, key_prefix, created_by, updated_by)
    VALUES (:schema_name, :schema_definition::jsonb, :description, :rules::jsonb, :key_prefix, :actor, :actor)
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

-- name: type_prefixes :many
SELECT key_prefix
FROM workflow.entity_schemas;
