-- name: graph_lock :exec
-- One writer of links at a time in a project: two opposite links at once would not see each other.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.workflow.links', 0));

-- name: entity_share :many
-- In the order of their ids, as everybody locks entities. A running deletion is waited for, and then seen.
SELECT id, key, deleted_at IS NOT NULL AS is_deleted
FROM workflow.entities
WHERE id = ANY (:ids::uuid[])
ORDER BY id
FOR KEY SHARE;

-- name: link_insert :many
-- Links that are there, and second parents, are not written and do not come back.
WITH link AS (
    INSERT INTO workflow.links (source_id, kind, target_id, created_by)
    SELECT source_id, kind, target_id, :actor
    FROM unnest(:source_ids::uuid[], :kinds::text[], :target_ids::uuid[]) AS given (source_id, kind, target_id)
    ON CONFLICT DO NOTHING
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

-- name: link_delete :many
WITH link AS (
    DELETE FROM workflow.links AS link
    USING unnest(:source_ids::uuid[], :kinds::text[], :target_ids::uuid[]) AS given (source_id, kind, target_id)
    WHERE link.source_id = given.source_id AND link.kind = given.kind AND link.target_id = given.target_id
    RETURNING link.source_id, link.kind, link.target_id
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT
        'link', 'remove', link.source_id,
        jsonb_build_object('kind', link.kind, 'source', source.key, 'target', target.key, 'target_id', target.id), :actor
    FROM link
    JOIN workflow.entities AS source ON source.id = link.source_id
    JOIN workflow.entities AS target ON target.id = link.target_id
)
SELECT source_id, kind, target_id
FROM link;

-- name: link_parents :many
SELECT source_id, kind, target_id
FROM workflow.links
WHERE source_id = ANY (:ids::uuid[]) AND kind = 'parent';

-- name: link_walk :many
-- From the ends and starts of entities along everything that they wait for: what must start waits for blockers and
-- the start of its parent, what must end for its children too. Closed and deleted entities count, for they can be
-- reopened and restored.
WITH RECURSIVE reached (id, must_end) AS (
    SELECT id, must_end
    FROM unnest(:ids::uuid[], :must_end::boolean[]) AS start (id, must_end)
    UNION
    SELECT step.id, step.must_end
    FROM reached
    CROSS JOIN LATERAL (
        SELECT link.source_id, true
        FROM workflow.links AS link
        WHERE link.target_id = reached.id AND (link.kind = 'blocks' OR link.kind = 'parent' AND reached.must_end)
        UNION ALL
        SELECT link.target_id, false
        FROM workflow.links AS link
        WHERE link.source_id = reached.id AND link.kind = 'parent'
    ) AS step (id, must_end)
)
SELECT link.source_id, link.kind, link.target_id
FROM reached
JOIN workflow.links AS link ON link.target_id = reached.id
WHERE link.kind = 'blocks' OR link.kind = 'parent' AND reached.must_end
UNION
SELECT link.source_id, link.kind, link.target_id
FROM reached
JOIN workflow.links AS link ON link.source_id = reached.id
WHERE link.kind = 'parent';

-- name: reference_insert :exec
WITH reference AS (
    INSERT INTO workflow.code_references (
        entity_id, kind, repository, target, start_line, end_line, note, created_by
    )
    SELECT entity_id, kind, repository, target, start_line, end_line, note, :actor
    FROM unnest(
        :entity_ids::uuid[], :kinds::text[], :repositories::text[], :targets::text[],
        :start_lines::integer[], :end_lines::integer[], :notes::text[]
    ) AS given (entity_id, kind, repository, target, start_line, end_line, note)
    ON CONFLICT DO NOTHING
    RETURNING entity_id, kind, repository, target, start_line, end_line
)
INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
SELECT 'link', 'add', entity_id, to_jsonb(reference) - 'entity_id', :actor
FROM reference;

-- name: reference_delete :exec
WITH reference AS (
    DELETE FROM workflow.code_references AS reference
    USING unnest(
        :entity_ids::uuid[], :kinds::text[], :repositories::text[], :targets::text[],
        :start_lines::integer[], :end_lines::integer[]
    ) AS given (entity_id, kind, repository, target, start_line, end_line)
    WHERE reference.entity_id = given.entity_id AND reference.kind = given.kind
        AND reference.repository = given.repository AND reference.target = given.target
        AND reference.start_line = given.start_line AND reference.end_line = given.end_line
    RETURNING reference.entity_id, reference.kind, reference.repository, reference.target,
        reference.start_line, reference.end_line
)
INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
SELECT 'link', 'remove', entity_id, to_jsonb(reference) - 'entity_id', :actor
FROM reference;

-- name: comment_insert :many
WITH given AS (
    SELECT gen_random_uuid() AS id, entity_id, body, place, clock_timestamp() AS created_at
    FROM unnest(:entity_ids::uuid[], :bodies::text[]) WITH ORDINALITY AS given (entity_id, body, place)
), comment AS (
    INSERT INTO workflow.comments (id, entity_id, body, created_at, created_by)
    SELECT id, entity_id, body, created_at, :actor
    FROM given
    RETURNING id, entity_id, body, created_at, created_by
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT 'comment', 'add', entity_id, jsonb_build_object('comment_id', id), created_by
    FROM comment
)
SELECT comment.id, comment.entity_id, comment.body, comment.created_at, comment.created_by
FROM comment
JOIN given ON given.id = comment.id
ORDER BY given.place;
