-- name: types_in_use :many
-- Types without entities come with one row that has neither state nor number.
SELECT type.schema_name, type.rules, entity.state, entity.is_open, entity.number
FROM workflow.entity_schemas AS type
LEFT JOIN (
    SELECT schema_name, state, is_open, count(*) AS number
    FROM workflow.entities
    WHERE deleted_at IS NULL
    GROUP BY schema_name, state, is_open
) AS entity ON entity.schema_name = type.schema_name
ORDER BY type.schema_name, entity.is_open DESC, entity.number DESC, entity.state;

-- name: claim_live :many
SELECT entity.key, entity.title, claim.expires_at, count(*) OVER () AS number
FROM workflow.claims AS claim
JOIN workflow.entities AS entity ON entity.id = claim.entity_id
WHERE claim.holder = :holder AND claim.expires_at > clock_timestamp() AND entity.deleted_at IS NULL
ORDER BY claim.expires_at, entity.key
LIMIT :limit;

-- name: blocked_top :many
-- Only what is blocked itself; that a blocked parent holds up its children goes without saying.
WITH blocked AS (
    SELECT
        entity.id, entity.key, entity.title, entity.priority, entity.created_at, count(*) AS blockers,
        count(*) OVER () AS number
    FROM workflow.entities AS entity
    JOIN workflow.links AS link ON link.target_id = entity.id AND link.kind = 'blocks'
    JOIN workflow.entities AS source ON source.id = link.source_id
    WHERE entity.is_open AND entity.deleted_at IS NULL AND source.is_open AND source.deleted_at IS NULL
    GROUP BY entity.id
    ORDER BY entity.priority NULLS LAST, entity.created_at, entity.id
    LIMIT :limit
)
SELECT blocked.key, blocked.title, blocked.blockers, blocked.number, first.key AS blocker_key, first.title AS blocker_title
FROM blocked
CROSS JOIN LATERAL (
    SELECT source.key, source.title
    FROM workflow.links AS link
    JOIN workflow.entities AS source ON source.id = link.source_id
    WHERE link.target_id = blocked.id AND link.kind = 'blocks' AND source.is_open AND source.deleted_at IS NULL
    ORDER BY source.priority NULLS LAST, source.created_at, source.id
    LIMIT 1
) AS first
ORDER BY blocked.priority NULLS LAST, blocked.created_at, blocked.id;

-- name: change_last :many
SELECT change.subject, change.operation, change.created_at, change.created_by, entity.key, entity.title, change.detail
FROM (
    SELECT txid, seq, subject, operation, entity_id, detail, created_at, created_by
    FROM workflow.changes
    ORDER BY txid DESC, seq DESC
    LIMIT :limit
) AS change
LEFT JOIN workflow.entities AS entity ON entity.id = change.entity_id
ORDER BY change.txid DESC, change.seq DESC;

-- name: deployment_live :many
-- What was deployed last in each environment, and is not rolled back.
SELECT DISTINCT ON (environment) environment, commit_sha, branch, deployed_at
FROM workflow.deployments
WHERE status = 'deployed'
ORDER BY environment, deployed_at DESC, id DESC
LIMIT :limit;

-- name: board_cards :many
-- The first cards of each state, and how many it has: open ones by priority and age, others as they were changed last.
SELECT card.state, card.key, card.title, card.priority, card.version, card.number, claim.holder
FROM (
    SELECT
        id, state, key, title, priority, version,
        count(*) OVER (PARTITION BY state) AS number,
        row_number() OVER (
            PARTITION BY state
            ORDER BY is_open DESC, CASE WHEN NOT is_open THEN updated_at END DESC, priority, created_at, id
        ) AS place
    FROM workflow.entities
    WHERE schema_name = :schema_name AND deleted_at IS NULL
) AS card
LEFT JOIN workflow.claims AS claim ON claim.entity_id = card.id AND claim.expires_at > clock_timestamp()
WHERE card.place <= :limit
ORDER BY card.state, card.place;
