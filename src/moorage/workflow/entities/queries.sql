-- name: entity_insert :many
-- Entities whose type has another version than they were validated against are not written, and do not come back; nor
-- when the number is the same and means another, as in a database that was rolled back.
-- KEY SHARE on the type waits for whoever changes it, and then sees its new version.
WITH given AS (
    SELECT id, schema_name, schema_version, type_written_at, data, title, state, is_open, priority, place
    FROM unnest(
        :ids::uuid[], :schema_names::text[], :schema_versions::integer[], :types_written_at::timestamptz[],
        :data::jsonb[], :titles::text[], :states::text[], :is_open::boolean[], :priorities::smallint[]
    ) WITH ORDINALITY AS given (
        id, schema_name, schema_version, type_written_at, data, title, state, is_open, priority, place
    )
), type AS (
    SELECT schema_name, version, updated_at, key_prefix
    FROM workflow.entity_schemas
    WHERE schema_name = ANY (:schema_names::text[])
    FOR KEY SHARE
), entity AS (
    INSERT INTO workflow.entities (
        id, key, schema_name, schema_version, data, title, state, is_open, priority,
        created_at, created_by, updated_at, updated_by
    )
    SELECT
        ordered.id, ordered.key_prefix || '-' || nextval('workflow.entity_numbers'), ordered.schema_name,
        ordered.schema_version, ordered.data, ordered.title, ordered.state, ordered.is_open, ordered.priority,
        ordered.at, :actor, ordered.at, :actor
    FROM (
        SELECT given.*, type.key_prefix, clock_timestamp() AS at
        FROM given
        JOIN type
            ON type.schema_name = given.schema_name AND type.version = given.schema_version
            AND type.updated_at = given.type_written_at
        ORDER BY given.place
    ) AS ordered
    RETURNING
        id, key, schema_name, schema_version, version, title, state, is_open, priority, data,
        created_at, created_by, updated_at, updated_by, deleted_at
), version AS (
    INSERT INTO workflow.entity_versions (entity_id, version, operation, schema_version, data, created_at, created_by)
    SELECT id, version, 'create', schema_version, data, created_at, created_by
    FROM entity
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, version, detail, created_at, created_by)
    SELECT 'entity', 'create', id, version, jsonb_build_object('key', key, 'schema_name', schema_name), created_at, created_by
    FROM entity
)
SELECT
    id, key, schema_name, schema_version, version, title, state, is_open, priority, data,
    created_at, created_by, updated_at, updated_by, deleted_at
FROM entity;

-- name: entity_lock :many
-- In the order of their ids, so that two calls that lock several do not wait for each other. The claim is read after
-- the lock is had: a snapshot from before would not show a claim that was made while this waited.
WITH entity AS MATERIALIZED (
    SELECT
        entity.id, entity.key, entity.schema_name, entity.schema_version, entity.version, entity.title, entity.state,
        entity.is_open, entity.priority, entity.data, entity.created_at, entity.created_by, entity.updated_at,
        entity.updated_by, entity.deleted_at, type.version AS type_version, type.updated_at AS type_written_at
    FROM workflow.entities AS entity
    JOIN workflow.entity_schemas AS type ON type.schema_name = entity.schema_name
    WHERE entity.id = ANY (ARRAY(
        SELECT unnest(:ids::uuid[])
        UNION ALL
        SELECT id FROM workflow.entities WHERE key = ANY (:keys::text[])
    ))
    ORDER BY entity.id
    FOR UPDATE OF entity FOR KEY SHARE OF type
)
SELECT
    entity.id, entity.key, entity.schema_name, entity.schema_version, entity.version, entity.title, entity.state,
    entity.is_open, entity.priority, entity.data, entity.created_at, entity.created_by, entity.updated_at,
    entity.updated_by, entity.deleted_at, entity.type_version, entity.type_written_at,
    claim.holder, claim.token, claim.expires_at, claim.expires_at > clock_timestamp() AS is_live
FROM entity
LEFT JOIN LATERAL workflow.claim_now(entity.id) AS claim ON true;

-- name: entity_update :many
-- Entities that have moved on since they were locked, which cannot be, do not come back.
WITH entity AS (
    UPDATE workflow.entities AS entity
    SET data = given.data, version = entity.version + 1, schema_version = given.schema_version,
        title = given.title, state = given.state, is_open = given.is_open, priority = given.priority,
        updated_at = greatest(clock_timestamp(), entity.updated_at + interval '1 microsecond'), updated_by = :actor,
        deleted_at = CASE given.operation
            WHEN 'delete' THEN clock_timestamp()
            WHEN 'restore' THEN NULL
            ELSE entity.deleted_at
        END
    FROM unnest(
        :ids::uuid[], :versions::integer[], :operations::text[], :schema_versions::integer[], :data::jsonb[],
        :patches::jsonb[], :titles::text[], :states::text[], :is_open::boolean[], :priorities::smallint[],
        :end_claims::boolean[]
    ) AS given (id, version, operation, schema_version, data, patch, title, state, is_open, priority, ends_claim)
    WHERE entity.id = given.id AND entity.version = given.version
    RETURNING
        entity.id, entity.key, entity.schema_name, entity.schema_version, entity.version, entity.title, entity.state,
        entity.is_open, entity.priority, entity.data, entity.created_at, entity.created_by, entity.updated_at,
        entity.updated_by, entity.deleted_at, given.operation, given.patch -> 'patch' AS patch, given.ends_claim
), claim AS (
    DELETE FROM workflow.claims AS claim
    USING entity
    WHERE claim.entity_id = entity.id AND entity.ends_claim
    RETURNING claim.entity_id, claim.token, claim.holder, entity.key, entity.version
), version AS (
    INSERT INTO workflow.entity_versions (
        entity_id, version, operation, schema_version, data, patch, created_at, created_by
    )
    SELECT id, version, operation, schema_version, data, patch, updated_at, updated_by
    FROM entity
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, version, detail, created_at, created_by)
    SELECT 'entity', operation, id, version, jsonb_build_object('key', key, 'schema_name', schema_name), updated_at, updated_by
    FROM entity
    UNION ALL
    SELECT
        'claim', 'end', entity_id, version, jsonb_build_object('key', key, 'holder', holder, 'token', token),
        clock_timestamp(), :actor
    FROM claim
)
SELECT
    id, key, schema_name, schema_version, version, title, state, is_open, priority, data,
    created_at, created_by, updated_at, updated_by, deleted_at
FROM entity;

-- name: entity_get :many
-- One list of ids, and not a condition with OR: of the two lists one is mostly empty, and for what is never true the
-- planner takes any partial index and reads all of it.
SELECT
    id, key, schema_name, schema_version, version, title, state, is_open, priority, data,
    created_at, created_by, updated_at, updated_by, deleted_at
FROM workflow.entities
WHERE id = ANY (ARRAY(
    SELECT unnest(:ids::uuid[])
    UNION ALL
    SELECT id FROM workflow.entities WHERE key = ANY (:keys::text[])
));

-- name: entity_children :many
-- Entities below the given ones, at any depth, that are not deleted.
WITH RECURSIVE child AS (
    SELECT link.target_id AS root_id, link.source_id AS id
    FROM workflow.links AS link
    WHERE link.kind = 'parent' AND link.target_id = ANY (:ids::uuid[])
    UNION
    SELECT child.root_id, link.source_id
    FROM child
    JOIN workflow.links AS link ON link.kind = 'parent' AND link.target_id = child.id
)
SELECT child.root_id, entity.id, entity.key
FROM child
JOIN workflow.entities AS entity ON entity.id = child.id
WHERE entity.deleted_at IS NULL
ORDER BY child.root_id, entity.id;

-- name: version_past :many
-- One version with its data, and what was written after another one: the places that each write changed.
SELECT
    version, operation, created_at, created_by,
    coalesce(jsonb_path_query_array(patch, '$[0 to 9].path'), '[]') AS changed,
    CASE WHEN version = :seen THEN data END AS data
FROM workflow.entity_versions
WHERE entity_id = :id AND (version = :seen OR version > :after)
ORDER BY version;

-- name: request_begin :one
-- Waits for another call under the same key. What comes back has an answer when that call, or one before, was answered;
-- without one the row is this transaction's own, and gone with it if it fails.
INSERT INTO workflow.answered_requests AS request (actor, key, request_hash)
VALUES (:actor, :key, :request_hash)
ON CONFLICT (actor, key) DO UPDATE SET key = excluded.key
RETURNING request.request_hash, request.answer;

-- name: request_answer :exec
UPDATE workflow.answered_requests
SET answer = :answer::jsonb
WHERE actor = :actor AND key = :key;

-- name: entity_purge :value
-- Ends some that were deleted before a moment, with all that hangs on them; gives their number.
WITH doomed AS (
    SELECT id
    FROM workflow.entities
    WHERE deleted_at < :before
    ORDER BY deleted_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM workflow.entities AS entity
    USING doomed
    WHERE entity.id = doomed.id
    RETURNING entity.id, entity.key, entity.schema_name, entity.version
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, version, detail, created_by)
    SELECT 'entity', 'purge', id, version, jsonb_build_object('key', key, 'schema_name', schema_name), :actor
    FROM gone
)
SELECT count(*)
FROM gone;

-- name: change_last_old :optional
-- The last change before the first one that is younger: what comes before it can go. It stays itself, because a reader
-- of the feed may stand on it and has missed nothing.
SELECT txid, seq
FROM workflow.changes
WHERE txid < (SELECT coalesce(min(txid), 9223372036854775807) FROM workflow.changes WHERE created_at >= :before)
ORDER BY txid DESC, seq DESC
LIMIT 1;

-- name: change_purge :exec
DELETE FROM workflow.changes
WHERE (txid, seq) IN (
    SELECT txid, seq
    FROM workflow.changes
    WHERE (txid, seq) < (:txid::bigint, :seq::bigint)
    ORDER BY txid, seq
    LIMIT :limit
);

-- name: request_purge :exec
DELETE FROM workflow.answered_requests
WHERE (actor, key) IN (
    SELECT actor, key
    FROM workflow.answered_requests
    WHERE created_at < :before
    ORDER BY created_at
    LIMIT :limit
);

-- name: purge_count :one
-- What the three statements above would end.
SELECT
    (SELECT count(*) FROM workflow.entities WHERE deleted_at < :deleted_before) AS entities,
    (SELECT count(*) FROM workflow.changes WHERE (txid, seq) < (:txid::bigint, :seq::bigint)) AS changes,
    (SELECT count(*) FROM workflow.answered_requests WHERE created_at < :requests_before) AS requests;
