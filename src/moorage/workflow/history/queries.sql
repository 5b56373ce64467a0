-- name: version_list :many
-- The newest first. Data stays where it is, and so do patches that are as large as data.
SELECT
    version, operation, schema_version, created_at, created_by,
    coalesce(octet_length(patch::text) > :max_patch_bytes, false) AS patch_left_out,
    CASE WHEN octet_length(patch::text) <= :max_patch_bytes THEN patch END AS patch
FROM workflow.entity_versions
WHERE entity_id = :entity_id AND version < :before
ORDER BY version DESC
LIMIT :limit;

-- name: version_get :many
-- Whether it was deleted then is told by the newest version that is not a migration, which changes deleted ones as well.
SELECT
    version, operation, schema_version, data, created_at, created_by,
    (
        SELECT older.operation = 'delete'
        FROM workflow.entity_versions AS older
        WHERE older.entity_id = wanted.entity_id AND older.version <= wanted.version AND older.operation <> 'migrate'
        ORDER BY older.version DESC
        LIMIT 1
    ) AS is_deleted
FROM workflow.entity_versions AS wanted
WHERE entity_id = :entity_id AND version = ANY (:versions::integer[]);

-- name: version_at :optional
SELECT
    version, operation, schema_version, data, created_at, created_by,
    (
        SELECT older.operation = 'delete'
        FROM workflow.entity_versions AS older
        WHERE older.entity_id = newest.entity_id AND older.version <= newest.version AND older.operation <> 'migrate'
        ORDER BY older.version DESC
        LIMIT 1
    ) AS is_deleted
FROM workflow.entity_versions AS newest
WHERE entity_id = :entity_id AND created_at <= :at
ORDER BY version DESC
LIMIT 1;

-- name: entity_past :many
-- Entities as they were, by id, without those that were deleted then.
SELECT
    entity.id, entity.key, entity.schema_name, version.schema_version, version.version, version.data,
    entity.created_at, entity.created_by, version.created_at AS updated_at, version.created_by AS updated_by
FROM workflow.entities AS entity
CROSS JOIN LATERAL (
    SELECT newest.version, newest.schema_version, newest.data, newest.created_at, newest.created_by
    FROM workflow.entity_versions AS newest
    WHERE newest.entity_id = entity.id AND newest.created_at <= :at
    ORDER BY newest.version DESC
    LIMIT 1
) AS version
WHERE entity.id > :after AND entity.schema_name = :schema_name AND entity.created_at <= :at
    AND (
        SELECT older.operation <> 'delete'
        FROM workflow.entity_versions AS older
        WHERE older.entity_id = entity.id AND older.version <= version.version AND older.operation <> 'migrate'
        ORDER BY older.version DESC
        LIMIT 1
    )
ORDER BY entity.id
LIMIT :limit;
