-- name: import_lock :exec
-- One import at a time in a project: two of the same file at once would not see each other's origins.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.workflow.imports', 0));

-- name: origin_find :many
-- An item that names an entity of this project by its id is that entity.
SELECT origin.external_id, entity.id, entity.deleted_at IS NOT NULL AS is_deleted
FROM workflow.origins AS origin
JOIN workflow.entities AS entity ON entity.id = origin.entity_id
WHERE origin.source = :source AND origin.external_id = ANY (:external_ids::text[])
UNION ALL
SELECT id::text, id, deleted_at IS NOT NULL
FROM workflow.entities
WHERE id = ANY (:entity_ids::uuid[]);

-- name: origin_insert :exec
INSERT INTO workflow.origins (source, external_id, entity_id, created_by)
SELECT :source, external_id, entity_id, :actor
FROM unnest(:external_ids::text[], :entity_ids::uuid[]) AS given (external_id, entity_id);

-- name: entity_count :value
SELECT count(*)::integer
FROM workflow.entities
WHERE schema_name = :schema_name AND deleted_at IS NULL;

-- name: entity_page :many
-- Entities of one type in the order in which they were made, without the deleted ones.
SELECT
    id, key, schema_name, schema_version, version, title, state, is_open, priority, data,
    created_at, created_by, updated_at, updated_by, deleted_at
FROM workflow.entities
WHERE schema_name = :schema_name AND deleted_at IS NULL
    AND (:after_created_at::timestamptz IS NULL OR (created_at, id) > (:after_created_at, :after_id::uuid))
ORDER BY created_at, id
LIMIT :limit;

-- name: field_names :many
-- Every field that any entity of the type has.
SELECT DISTINCT jsonb_object_keys(data) AS field
FROM workflow.entities
WHERE schema_name = :schema_name AND deleted_at IS NULL
ORDER BY field;
