-- name: import_lock :exec
-- One import at a time in a project: two of the same file at once would not see each other's origins.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.workflow.imports', 0));

-- name: origin_find :many
-- An item that names an entity of this project by its id is that entity.
SELECT external_id, entity_id
FROM workflow.origins
WHERE source = :source AND external_id = ANY (:external_ids::text[])
UNION ALL
SELECT id::text, id
FROM workflow.entities
WHERE id = ANY (:entity_ids::uuid[]);

-- name: origin_insert :exec
INSERT INTO workflow.origins (source, external_id, entity_id, created_by)
SELECT :source, external_id, entity_id, :actor
FROM unnest(:external_ids::text[], :entity_ids::uuid[]) AS given (external_id, entity_id);
