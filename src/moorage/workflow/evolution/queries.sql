-- name: type_evolve :one
-- Of a locked type. Entities are not touched: whoever writes them holds a lock on the type's row.
WITH type AS (
    UPDATE workflow.entity_schemas
    SET schema_definition = :schema_definition::jsonb, rules = :rules::jsonb, description = :description,
        version = version + 1, updated_at = clock_timestamp(), updated_by = :actor
    WHERE schema_name = :schema_name
    RETURNING schema_name, version, schema_definition, rules, updated_by
), version AS (
    INSERT INTO workflow.entity_schema_versions (schema_name, version, schema_definition, rules, change, created_by)
    SELECT schema_name, version, schema_definition, rules, :change, updated_by
    FROM type
), migration AS (
    INSERT INTO workflow.schema_migrations (schema_name, to_version, steps, created_by)
    SELECT schema_name, version, :steps::jsonb, updated_by
    FROM type
    WHERE :steps::jsonb IS NOT NULL
), change AS (
    INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
    SELECT 'type', 'evolve', version, jsonb_build_object('schema_name', schema_name, 'change', :change::text), updated_by
    FROM type
)
SELECT version
FROM type;

-- name: type_versions :many
SELECT
    version.version, version.schema_definition, version.rules, version.change, version.created_at, version.created_by,
    coalesce(migration.steps, '[]') AS steps, migration.state, migration.migrated
FROM workflow.entity_schema_versions AS version
LEFT JOIN workflow.schema_migrations AS migration
    ON migration.schema_name = version.schema_name AND migration.to_version = version.version
WHERE version.schema_name = :schema_name AND (:upto::integer IS NULL OR version.version <= :upto::integer)
ORDER BY version.version DESC
LIMIT :limit;

-- name: entity_page :many
-- What a version is tried with: entities that are not deleted, by id.
SELECT id, key, schema_version, data
FROM workflow.entities
WHERE schema_name = :schema_name AND deleted_at IS NULL AND id > :after
ORDER BY id
LIMIT :limit;

-- name: entity_behind :many
-- The next entities that are older than a version. Deleted ones stay: a restore brings them forward.
SELECT id
FROM workflow.entities
WHERE schema_name = :schema_name AND schema_version < :to_version AND deleted_at IS NULL
    AND id > :after
ORDER BY id
LIMIT :limit;

-- name: entity_count_behind :value
SELECT count(*)
FROM workflow.entities
WHERE schema_name = :schema_name AND schema_version < :to_version AND deleted_at IS NULL;

-- name: entity_stamp :exec
-- For locked entities that satisfy the version as they are. Nothing that anybody has read changes, so it is no new
-- version of the entity, and those who are about to write do not find it moved on.
UPDATE workflow.entities
SET schema_version = :schema_version
WHERE id = ANY (:ids::uuid[]);

-- name: migration_latest :optional
SELECT migration.schema_name, migration.to_version, migration.state, migration.migrated, migration.last_id,
    migration.error, migration.updated_at
FROM workflow.schema_migrations AS migration
WHERE migration.schema_name = :schema_name
ORDER BY migration.to_version DESC
LIMIT 1;

-- name: migration_lock :one
-- Whoever holds it does the next batch; another process that migrates the same type waits, and goes on from there.
SELECT schema_name, to_version, state, migrated, last_id, error, updated_at
FROM workflow.schema_migrations
WHERE schema_name = :schema_name AND to_version = :to_version
FOR UPDATE;

-- name: migration_advance :exec
UPDATE workflow.schema_migrations
SET last_id = :last_id, migrated = migrated + :migrated, error = :error::jsonb, updated_at = clock_timestamp()
WHERE schema_name = :schema_name AND to_version = :to_version;

-- name: migration_finish :exec
-- Nothing is left behind an older version either.
UPDATE workflow.schema_migrations
SET state = :state, updated_at = clock_timestamp()
WHERE schema_name = :schema_name AND (to_version = :to_version OR (to_version < :to_version AND :state = 'done'));

-- name: migration_restart :exec
UPDATE workflow.schema_migrations
SET state = 'running', last_id = NULL, error = NULL, updated_at = clock_timestamp()
WHERE schema_name = :schema_name AND to_version = :to_version AND state <> 'running';

-- name: migration_unended :many
-- For each type its last migration, where that has not ended well; with what it has left behind.
SELECT latest.schema_name, latest.to_version, latest.state, latest.error, behind.count AS behind
FROM (
    SELECT DISTINCT ON (schema_name) schema_name, to_version, state, error, updated_at
    FROM workflow.schema_migrations
    ORDER BY schema_name, to_version DESC
) AS latest
CROSS JOIN LATERAL (
    SELECT count(*) AS count
    FROM workflow.entities AS entity
    WHERE entity.schema_name = latest.schema_name AND entity.schema_version < latest.to_version
        AND entity.deleted_at IS NULL
) AS behind
WHERE (latest.state = 'running' AND latest.updated_at < clock_timestamp() - :longer_than::interval)
    OR latest.state = 'failed' OR (latest.state = 'done' AND behind.count > 0)
ORDER BY latest.schema_name;
