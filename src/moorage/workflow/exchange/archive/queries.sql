-- name: entity_count :value
SELECT count(*)::integer
FROM workflow.entities;

-- name: entity_page :many
SELECT
    id, key, schema_name, schema_version, version, data, created_at, created_by, updated_at, updated_by, deleted_at
FROM workflow.entities
WHERE :after::uuid IS NULL OR id > :after
ORDER BY id
LIMIT :limit;

-- name: version_of :many
SELECT entity_id, version, operation, schema_version, data, patch, created_at, created_by
FROM workflow.entity_versions
WHERE entity_id = ANY (:entity_ids::uuid[])
ORDER BY entity_id, version;

-- name: link_of :many
SELECT link.source_id AS entity_id, link.kind, target.key AS target, link.created_at, link.created_by
FROM workflow.links AS link
JOIN workflow.entities AS target ON target.id = link.target_id
WHERE link.source_id = ANY (:entity_ids::uuid[])
ORDER BY link.source_id, link.kind, target.id;

-- name: reference_of :many
SELECT entity_id, id, kind, repository, target, start_line, end_line, note, created_at, created_by
FROM workflow.code_references
WHERE entity_id = ANY (:entity_ids::uuid[])
ORDER BY entity_id, created_at, id;

-- name: comment_of :many
SELECT entity_id, id, body, created_at, created_by
FROM workflow.comments
WHERE entity_id = ANY (:entity_ids::uuid[])
ORDER BY entity_id, created_at, id;

-- name: origin_of :many
SELECT entity_id, source, external_id, created_at, created_by
FROM workflow.origins
WHERE entity_id = ANY (:entity_ids::uuid[])
ORDER BY entity_id, source, external_id;

-- name: type_all :many
SELECT
    id, schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at,
    updated_by
FROM workflow.entity_schemas
ORDER BY schema_name;

-- name: type_keep :exec
-- Whoever changes a type waits until the transaction ends, and this waits for who does.
SELECT
FROM workflow.entity_schemas
ORDER BY schema_name
FOR KEY SHARE;

-- name: type_version_all :many
SELECT schema_name, version, schema_definition, rules, change, created_at, created_by
FROM workflow.entity_schema_versions
ORDER BY schema_name, version;

-- name: migration_all :many
SELECT schema_name, id, to_version, steps, state, migrated, last_id, error, created_at, updated_at, created_by
FROM workflow.schema_migrations
ORDER BY schema_name, to_version;

-- name: deployment_page :many
SELECT
    id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
    ended_at, created_at, created_by, updated_at, updated_by
FROM workflow.deployments
WHERE :after::uuid IS NULL OR id > :after
ORDER BY id
LIMIT :limit;

-- name: transition_of :many
SELECT deployment_id, version, status, created_at, created_by
FROM workflow.deployment_transitions
WHERE deployment_id = ANY (:deployment_ids::uuid[])
ORDER BY deployment_id, version;

-- name: item_of :many
SELECT item.deployment_id, entity.key
FROM workflow.deployment_items AS item
JOIN workflow.entities AS entity ON entity.id = item.entity_id
WHERE item.deployment_id = ANY (:deployment_ids::uuid[])
ORDER BY item.deployment_id, entity.id;

-- name: number_reserve :exec
-- At once and for everybody, so that nobody who creates an entity meanwhile takes a key that is about to come back.
-- Never backwards: writing the number that was read would undo what others take in between.
SELECT setval('workflow.entity_numbers', :number::bigint)
FROM workflow.entity_numbers
WHERE last_value < :number OR NOT is_called;

-- name: entity_there :many
-- By either name, each through its own index; whoever has both comes once.
SELECT id, key
FROM workflow.entities
WHERE id = ANY (:ids::uuid[])
UNION
SELECT id, key
FROM workflow.entities
WHERE key = ANY (:keys::text[]);

-- name: deployment_there :many
SELECT deployment.id, deployment.environment, deployment.commit_sha, deployment.attempt
FROM workflow.deployments AS deployment
JOIN unnest(:ids::uuid[], :environments::text[], :commits::text[], :attempts::integer[])
    AS given (id, environment, commit_sha, attempt)
    ON deployment.id = given.id OR (
        deployment.environment = given.environment AND deployment.commit_sha = given.commit_sha
        AND deployment.attempt = given.attempt
    );

-- name: type_restore :exec
WITH type AS (
    INSERT INTO workflow.entity_schemas (
        id, schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at,
        updated_by
    )
    SELECT
        id, schema_name, version, description, schema_definition, rules, key_prefix, created_at, created_by, updated_at,
        updated_by
    FROM jsonb_to_recordset(:types::jsonb) AS type (
        id uuid, schema_name text, version integer, description text, schema_definition jsonb, rules jsonb,
        key_prefix text, created_at timestamptz, created_by text, updated_at timestamptz, updated_by text
    )
    RETURNING schema_name, version
), version AS (
    INSERT INTO workflow.entity_schema_versions (
        schema_name, version, schema_definition, rules, change, created_at, created_by
    )
    SELECT schema_name, version, schema_definition, rules, change, created_at, created_by
    FROM jsonb_to_recordset(:versions::jsonb) AS version (
        schema_name text, version integer, schema_definition jsonb, rules jsonb, change text, created_at timestamptz,
        created_by text
    )
), migration AS (
    INSERT INTO workflow.schema_migrations (
        schema_name, id, to_version, steps, state, migrated, last_id, error, created_at, updated_at, created_by
    )
    SELECT
        schema_name, id, to_version, steps, state, migrated, last_id, nullif(error, 'null'), created_at, updated_at,
        created_by
    FROM jsonb_to_recordset(:migrations::jsonb) AS migration (
        schema_name text, id uuid, to_version integer, steps jsonb, state text, migrated integer, last_id uuid,
        error jsonb, created_at timestamptz, updated_at timestamptz, created_by text
    )
)
INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
SELECT 'type', 'create', version, jsonb_build_object('schema_name', schema_name, 'imported', true), :actor
FROM type;

-- name: entity_restore :exec
WITH entity AS (
    INSERT INTO workflow.entities (
        id, key, schema_name, schema_version, version, title, state, is_open, priority, data, created_at, created_by,
        updated_at, updated_by, deleted_at
    )
    SELECT
        id, key, schema_name, schema_version, version, title, state, is_open, priority, data, created_at, created_by,
        updated_at, updated_by, deleted_at
    FROM jsonb_to_recordset(:entities::jsonb) AS entity (
        id uuid, key text, schema_name text, schema_version integer, version integer, title text, state text,
        is_open boolean, priority smallint, data jsonb, created_at timestamptz, created_by text,
        updated_at timestamptz, updated_by text, deleted_at timestamptz
    )
    RETURNING id, key, schema_name, version
), version AS (
    INSERT INTO workflow.entity_versions (
        entity_id, version, operation, schema_version, data, patch, created_at, created_by
    )
    SELECT entity_id, version, operation, schema_version, data, nullif(patch, 'null'), created_at, created_by
    FROM jsonb_to_recordset(:versions::jsonb) AS version (
        entity_id uuid, version integer, operation text, schema_version integer, data jsonb, patch jsonb,
        created_at timestamptz, created_by text
    )
), reference AS (
    INSERT INTO workflow.code_references (
        id, entity_id, kind, repository, target, start_line, end_line, note, created_at, created_by
    )
    SELECT id, entity_id, kind, repository, target, start_line, end_line, note, created_at, created_by
    FROM jsonb_to_recordset(:references::jsonb) AS reference (
        id uuid, entity_id uuid, kind text, repository text, target text, start_line integer, end_line integer,
        note text, created_at timestamptz, created_by text
    )
), comment AS (
    INSERT INTO workflow.comments (id, entity_id, body, created_at, created_by)
    SELECT id, entity_id, body, created_at, created_by
    FROM jsonb_to_recordset(:comments::jsonb) AS comment (
        id uuid, entity_id uuid, body text, created_at timestamptz, created_by text
    )
), origin AS (
    INSERT INTO workflow.origins (entity_id, source, external_id, created_at, created_by)
    SELECT entity_id, source, external_id, created_at, created_by
    FROM jsonb_to_recordset(:origins::jsonb) AS origin (
        entity_id uuid, source text, external_id text, created_at timestamptz, created_by text
    )
)
INSERT INTO workflow.changes (subject, operation, entity_id, version, detail, created_by)
SELECT
    'entity', 'create', id, version,
    jsonb_build_object('key', key, 'schema_name', schema_name, 'imported', true), :actor
FROM entity;

-- name: link_restore :many
WITH link AS (
    INSERT INTO workflow.links (source_id, kind, target_id, created_at, created_by)
    SELECT link.source_id, link.kind, target.id, link.created_at, link.created_by
    FROM jsonb_to_recordset(:links::jsonb) AS link (
        source_id uuid, kind text, target text, created_at timestamptz, created_by text
    )
    JOIN workflow.entities AS target ON target.key = link.target
    RETURNING source_id, kind, target_id
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT
        'link', 'add', link.source_id,
        jsonb_build_object('kind', link.kind, 'source', source.key, 'target', target.key, 'target_id', target.id), :actor
    FROM link
    JOIN workflow.entities AS source ON source.id = link.source_id
    JOIN workflow.entities AS target ON target.id = link.target_id
)
SELECT source_id, kind, target_id
FROM link;

-- name: deployment_restore :exec
WITH deployment AS (
    INSERT INTO workflow.deployments (
        id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
        ended_at, created_at, created_by, updated_at, updated_by
    )
    SELECT
        id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
        ended_at, created_at, created_by, updated_at, updated_by
    FROM jsonb_to_recordset(:deployments::jsonb) AS deployment (
        id uuid, environment text, commit_sha text, attempt integer, branch text, status text, version integer,
        data jsonb, committed_at timestamptz, started_at timestamptz, deployed_at timestamptz, ended_at timestamptz,
        created_at timestamptz, created_by text, updated_at timestamptz, updated_by text
    )
    RETURNING id, version, environment, commit_sha, attempt, status
), transition AS (
    INSERT INTO workflow.deployment_transitions (deployment_id, version, status, created_at, created_by)
    SELECT deployment_id, version, status, created_at, created_by
    FROM jsonb_to_recordset(:transitions::jsonb) AS transition (
        deployment_id uuid, version integer, status text, created_at timestamptz, created_by text
    )
), item AS (
    INSERT INTO workflow.deployment_items (deployment_id, entity_id)
    SELECT item.deployment_id, entity.id
    FROM jsonb_to_recordset(:items::jsonb) AS item (deployment_id uuid, key text)
    JOIN workflow.entities AS entity ON entity.key = item.key
)
INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
SELECT
    'deployment', 'create', version,
    jsonb_build_object(
        'id', id, 'environment', environment, 'commit_sha', commit_sha, 'attempt', attempt, 'status', status,
        'imported', true
    ),
    :actor
FROM deployment;
