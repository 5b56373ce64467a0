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
SELECT comment.id, comment.body, comment.created_at, comment.created_by
FROM comment
JOIN given ON given.id = comment.id
ORDER BY given.place;

-- name: reference_find :many
-- A question without lines asks for the whole file; one without a repository asks for all.
SELECT
    entity.id, entity.key, entity.title, entity.state, entity.is_open, reference.kind, reference.repository,
    reference.target, reference.start_line, reference.end_line, reference.note, count(*) OVER () AS total
FROM workflow.code_references AS reference
JOIN workflow.entities AS entity ON entity.id = reference.entity_id
WHERE reference.target = :target AND reference.kind = :kind
    AND (:repository::text = '' OR reference.repository IN ('', :repository))
    AND (
        :start_line::integer = 0 OR reference.start_line = 0
        OR reference.start_line <= :end_line AND reference.end_line >= :start_line
    )
    AND entity.deleted_at IS NULL
ORDER BY entity.is_open DESC, entity.updated_at DESC, entity.id, reference.start_line
LIMIT :limit;

-- name: comment_page :many
SELECT id, body, created_at, created_by
FROM workflow.comments
WHERE entity_id = :entity_id
    AND (:before_at::timestamptz IS NULL OR (created_at, id) < (:before_at, :before_id::uuid))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: comment_count :value
SELECT count(*)
FROM workflow.comments
WHERE entity_id = :entity_id;

-- name: entity_ready :many
-- Open work without a live claim, without open children, and without an open blocker, its own or of anything that it
-- is a part of. What is held up is worked out once for the whole project: asked for each entity, its ancestors would
-- be walked thousands of times. A deleted entity ends the line of ancestors.
WITH RECURSIVE held (id) AS (
    SELECT link.target_id
    FROM workflow.links AS link
    JOIN workflow.entities AS source ON source.id = link.source_id
    WHERE link.kind = 'blocks' AND source.is_open AND source.deleted_at IS NULL
    UNION
    SELECT child.source_id
    FROM held
    JOIN workflow.entities AS above ON above.id = held.id
    JOIN workflow.links AS child ON child.target_id = above.id
    WHERE child.kind = 'parent' AND above.deleted_at IS NULL
), ready AS (
    SELECT
        entity.id, entity.key, entity.schema_name, entity.title, entity.state, entity.priority, entity.version,
        entity.created_at, count(*) OVER () AS total
    FROM workflow.entities AS entity
    WHERE entity.is_open AND entity.deleted_at IS NULL
        AND (:schema_name::text IS NULL OR entity.schema_name = :schema_name)
        AND (:assignee::text IS NULL OR entity.data ->> 'assignee' = :assignee)
        AND entity.id <> ALL (:without::uuid[])
        AND NOT EXISTS (SELECT FROM held WHERE held.id = entity.id)
        AND NOT EXISTS (
            SELECT
            FROM workflow.claims AS claim
            WHERE claim.entity_id = entity.id AND claim.expires_at > statement_timestamp()
        )
        AND NOT EXISTS (
            SELECT
            FROM workflow.links AS link
            JOIN workflow.entities AS child ON child.id = link.source_id
            WHERE link.target_id = entity.id AND link.kind = 'parent' AND child.is_open AND child.deleted_at IS NULL
        )
    ORDER BY entity.priority, entity.created_at, entity.id
    LIMIT :limit
)
SELECT
    ready.id, ready.key, ready.schema_name, ready.title, ready.state, ready.priority, ready.version, ready.total,
    (
        SELECT count(*)
        FROM workflow.links AS link
        JOIN workflow.entities AS waiting ON waiting.id = link.target_id
        WHERE link.source_id = ready.id AND link.kind = 'blocks' AND waiting.is_open AND waiting.deleted_at IS NULL
    ) AS unblocks
FROM ready
ORDER BY ready.priority, ready.created_at, ready.id;

-- name: entity_near :many
-- As entity_ready, among the first entities only that nobody has claimed and nothing holds up directly: those are found
-- at the beginning of an index, and the ancestors of so few are walked soon.
WITH RECURSIVE near AS MATERIALIZED (
    SELECT entity.id, entity.priority, entity.created_at
    FROM workflow.entities AS entity
    WHERE entity.is_open AND entity.deleted_at IS NULL
        AND (:schema_name::text IS NULL OR entity.schema_name = :schema_name)
        AND NOT EXISTS (
            SELECT
            FROM workflow.claims AS claim
            WHERE claim.entity_id = entity.id AND claim.expires_at > statement_timestamp()
        )
        AND NOT EXISTS (
            SELECT
            FROM workflow.links AS link
            JOIN workflow.entities AS source ON source.id = link.source_id
            WHERE link.target_id = entity.id AND link.kind IN ('blocks', 'parent')
                AND source.is_open AND source.deleted_at IS NULL
        )
    ORDER BY entity.priority, entity.created_at, entity.id
    LIMIT :limit
), line (id, above_id) AS (
    SELECT near.id, near.id
    FROM near
    UNION
    SELECT line.id, above.id
    FROM line
    JOIN workflow.links AS link ON link.source_id = line.above_id AND link.kind = 'parent'
    JOIN workflow.entities AS above ON above.id = link.target_id AND above.deleted_at IS NULL
), held AS (
    SELECT line.id
    FROM line
    JOIN workflow.links AS link ON link.target_id = line.above_id AND link.kind = 'blocks'
    JOIN workflow.entities AS source ON source.id = link.source_id AND source.is_open AND source.deleted_at IS NULL
)
SELECT near.id
FROM near
WHERE near.id NOT IN (SELECT held.id FROM held)
ORDER BY near.priority, near.created_at, near.id;

-- name: hold_list :many
-- What keeps one entity from being ready; the same in words as entity_ready says of all.
WITH RECURSIVE line (id, key) AS (
    SELECT id, NULL::text
    FROM workflow.entities
    WHERE id = :id
    UNION
    SELECT parent.id, parent.key
    FROM line
    JOIN workflow.links AS link ON link.source_id = line.id AND link.kind = 'parent'
    JOIN workflow.entities AS parent ON parent.id = link.target_id AND parent.deleted_at IS NULL
), hold AS (
    SELECT 'blocks' AS kind, link.source_id AS id, line.key AS through
    FROM line
    JOIN workflow.links AS link ON link.target_id = line.id AND link.kind = 'blocks'
    UNION ALL
    SELECT 'child', link.source_id, NULL
    FROM workflow.links AS link
    WHERE link.target_id = :id AND link.kind = 'parent'
)
SELECT
    hold.kind, hold.through, entity.id, entity.key, entity.title, entity.state, true AS is_open, claim.holder,
    NULL::float8 AS estimate
FROM hold
JOIN workflow.entities AS entity ON entity.id = hold.id
LEFT JOIN workflow.claims AS claim ON claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
WHERE entity.is_open AND entity.deleted_at IS NULL
ORDER BY hold.kind, entity.priority, entity.created_at, entity.id;

-- name: claim_lock :optional
-- The first of these that nobody else is at, is still open, and has no live claim. Others are skipped and not waited
-- for: they are being claimed or written. Who comments on one, or links it, is in nobody's way.
SELECT entity.id
FROM unnest(:ids::uuid[]) WITH ORDINALITY AS candidate (id, place)
JOIN workflow.entities AS entity ON entity.id = candidate.id
WHERE entity.is_open AND entity.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM workflow.claims AS claim WHERE claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
    )
ORDER BY candidate.place
LIMIT 1
FOR NO KEY UPDATE OF entity SKIP LOCKED;

-- name: claim_insert :optional
-- No row comes back while another claim is live. Tokens grow: who holds an older one is refused from here on.
WITH claim AS (
    INSERT INTO workflow.claims AS claim (entity_id, holder, expires_at)
    VALUES (:entity_id, :holder, clock_timestamp() + make_interval(secs => :lease_seconds::integer))
    ON CONFLICT (entity_id) DO UPDATE
    SET holder = excluded.holder, token = excluded.token, claimed_at = excluded.claimed_at, expires_at = excluded.expires_at
    WHERE claim.expires_at <= clock_timestamp()
    RETURNING entity_id, holder, token, expires_at
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT 'claim', 'claim', entity_id, jsonb_build_object('holder', holder, 'expires_at', expires_at), :holder
    FROM claim
)
SELECT entity_id, holder, token, expires_at
FROM claim;

-- name: claim_renew :optional
-- No row comes back when the claim has ended, whether or not somebody else has taken it, or is another's.
WITH claim AS (
    UPDATE workflow.claims
    SET expires_at = clock_timestamp() + make_interval(secs => :lease_seconds::integer)
    WHERE token = :token AND holder = :actor AND expires_at > clock_timestamp()
    RETURNING entity_id, holder, token, expires_at
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT 'claim', 'renew', entity_id, jsonb_build_object('holder', holder, 'expires_at', expires_at), :actor
    FROM claim
)
SELECT entity_id, holder, token, expires_at
FROM claim;

-- name: claim_release :optional
-- No row comes back when the claim has ended, or is another's and those are not to be ended.
WITH claim AS (
    DELETE FROM workflow.claims
    WHERE token = :token AND expires_at > clock_timestamp() AND (holder = :actor OR :others::boolean)
    RETURNING entity_id, holder, token, expires_at
), change AS (
    INSERT INTO workflow.changes (subject, operation, entity_id, detail, created_by)
    SELECT 'claim', 'release', entity_id, jsonb_build_object('holder', holder), :actor
    FROM claim
)
SELECT entity_id, holder, token, expires_at
FROM claim;

-- name: waiting_walk :many
-- As link_walk, from the end of one entity, and only along what is open: everything that must happen before it ends.
WITH RECURSIVE reached (id, must_end) AS (
    VALUES (:id::uuid, true)
    UNION
    SELECT step.id, step.must_end
    FROM reached
    CROSS JOIN LATERAL (
        SELECT link.source_id, true
        FROM workflow.links AS link
        JOIN workflow.entities AS source ON source.id = link.source_id
        WHERE link.target_id = reached.id AND (link.kind = 'blocks' OR link.kind = 'parent' AND reached.must_end)
            AND source.is_open AND source.deleted_at IS NULL
        UNION ALL
        SELECT link.target_id, false
        FROM workflow.links AS link
        JOIN workflow.entities AS target ON target.id = link.target_id
        WHERE link.source_id = reached.id AND link.kind = 'parent' AND target.deleted_at IS NULL
    ) AS step (id, must_end)
)
SELECT link.source_id, link.kind, link.target_id
FROM workflow.links AS link
JOIN workflow.entities AS source ON source.id = link.source_id
JOIN workflow.entities AS target ON target.id = link.target_id
WHERE link.target_id IN (SELECT reached.id FROM reached) AND link.source_id IN (SELECT reached.id FROM reached)
    AND (link.kind = 'parent' OR link.kind = 'blocks' AND source.is_open)
    AND source.deleted_at IS NULL AND target.deleted_at IS NULL
LIMIT :limit;

-- name: waiting_links :many
-- Every link of the project along which open work may wait.
SELECT link.source_id, link.kind, link.target_id
FROM workflow.links AS link
JOIN workflow.entities AS source ON source.id = link.source_id
JOIN workflow.entities AS target ON target.id = link.target_id
WHERE (link.kind = 'parent' OR link.kind = 'blocks' AND source.is_open)
    AND source.deleted_at IS NULL AND target.deleted_at IS NULL
LIMIT :limit;

-- name: item_list :many
SELECT
    entity.id, entity.key, entity.title, entity.state, entity.is_open AND entity.deleted_at IS NULL AS is_open,
    claim.holder,
    CASE WHEN jsonb_typeof(entity.data -> 'estimate') = 'number' THEN (entity.data ->> 'estimate')::float8 END AS estimate
FROM workflow.entities AS entity
LEFT JOIN workflow.claims AS claim ON claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
WHERE entity.id = ANY (:ids::uuid[]);

-- name: item_heaviest :value
SELECT id
FROM workflow.entities
WHERE is_open AND deleted_at IS NULL
ORDER BY CASE WHEN jsonb_typeof(data -> 'estimate') = 'number' THEN (data ->> 'estimate')::float8 ELSE 1 END DESC, id
LIMIT 1;

-- name: tree_ancestors :many
-- The parent first.
WITH RECURSIVE line (id, depth) AS (
    SELECT target_id, 1
    FROM workflow.links
    WHERE source_id = :id AND kind = 'parent'
    UNION ALL
    SELECT link.target_id, line.depth + 1
    FROM line
    JOIN workflow.entities AS entity ON entity.id = line.id AND entity.deleted_at IS NULL
    JOIN workflow.links AS link ON link.source_id = line.id AND link.kind = 'parent'
    WHERE line.depth < :limit
)
SELECT entity.id, entity.key, entity.title, entity.state, entity.is_open, claim.holder, NULL::float8 AS estimate
FROM line
JOIN workflow.entities AS entity ON entity.id = line.id AND entity.deleted_at IS NULL
LEFT JOIN workflow.claims AS claim ON claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
ORDER BY line.depth;

-- name: tree_descendants :many
-- The nearest first, so that a bound cuts the deepest.
WITH RECURSIVE below (id, parent_id, depth) AS (
    SELECT link.source_id, link.target_id, 1
    FROM workflow.links AS link
    JOIN workflow.entities AS child ON child.id = link.source_id AND child.deleted_at IS NULL
    WHERE link.target_id = :id AND link.kind = 'parent'
    UNION ALL
    SELECT link.source_id, link.target_id, below.depth + 1
    FROM below
    JOIN workflow.links AS link ON link.target_id = below.id AND link.kind = 'parent'
    JOIN workflow.entities AS child ON child.id = link.source_id AND child.deleted_at IS NULL
    WHERE below.depth < :depth
)
SELECT
    entity.id, entity.key, entity.title, entity.state, entity.is_open, claim.holder, NULL::float8 AS estimate,
    below.parent_id, below.depth
FROM below
JOIN workflow.entities AS entity ON entity.id = below.id
LEFT JOIN workflow.claims AS claim ON claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
ORDER BY below.depth, entity.priority, entity.created_at, entity.id
LIMIT :limit;

-- name: tree_states :many
WITH RECURSIVE below (id) AS (
    SELECT link.source_id
    FROM workflow.links AS link
    JOIN workflow.entities AS child ON child.id = link.source_id AND child.deleted_at IS NULL
    WHERE link.target_id = :id AND link.kind = 'parent'
    UNION
    SELECT link.source_id
    FROM below
    JOIN workflow.links AS link ON link.target_id = below.id AND link.kind = 'parent'
    JOIN workflow.entities AS child ON child.id = link.source_id AND child.deleted_at IS NULL
)
SELECT coalesce(entity.state, '') AS state, entity.is_open, count(*) AS number
FROM below
JOIN workflow.entities AS entity ON entity.id = below.id
GROUP BY coalesce(entity.state, ''), entity.is_open
ORDER BY entity.is_open DESC, number DESC, state;

-- name: entity_show :optional
-- An entity and what is around it in one question; each kind of thing at most :limit times, with how many there are.
-- Found by a single value, because planning takes six times as long as running: where the planner expects one entity it
-- keeps its plan, and where it expects two it plans every call anew.
SELECT
    entity.id, entity.key, entity.schema_name, entity.schema_version, entity.version, entity.title, entity.state,
    entity.is_open, entity.priority, entity.data, entity.created_at, entity.created_by, entity.updated_at,
    entity.updated_by, entity.deleted_at, claim.holder, claim.expires_at,
    (
        SELECT json_agg(linked)
        FROM (
            SELECT
                link.kind, link.is_source, other.key, other.title, other.state, other.is_open, count(*) OVER () AS total
            FROM (
                SELECT kind, true AS is_source, target_id AS other_id
                FROM workflow.links
                WHERE source_id = entity.id
                UNION ALL
                SELECT kind, false, source_id
                FROM workflow.links
                WHERE target_id = entity.id
            ) AS link
            JOIN workflow.entities AS other ON other.id = link.other_id AND other.deleted_at IS NULL
            ORDER BY link.kind, link.is_source, other.is_open DESC, other.priority, other.created_at, other.id
            LIMIT :limit
        ) AS linked
    ) AS links,
    (
        SELECT json_agg(referred)
        FROM (
            SELECT kind, repository, target, start_line, end_line, count(*) OVER () AS total
            FROM workflow.code_references
            WHERE entity_id = entity.id
            ORDER BY created_at, repository, target, start_line
            LIMIT :limit
        ) AS referred
    ) AS "references",
    (
        SELECT json_agg(said)
        FROM (
            SELECT id, left(body, :body_characters) AS body, created_at, created_by, count(*) OVER () AS total
            FROM workflow.comments
            WHERE entity_id = entity.id
            ORDER BY created_at DESC, id DESC
            LIMIT :comments
        ) AS said
    ) AS comments,
    CASE WHEN entity.is_open AND entity.deleted_at IS NULL THEN (
        WITH RECURSIVE line (id) AS (
            SELECT entity.id
            UNION
            SELECT parent.id
            FROM line
            JOIN workflow.links AS link ON link.source_id = line.id AND link.kind = 'parent'
            JOIN workflow.entities AS parent ON parent.id = link.target_id AND parent.deleted_at IS NULL
        )
        SELECT json_agg(blocker.key)
        FROM (
            SELECT DISTINCT source.key, source.created_at
            FROM line
            JOIN workflow.links AS link ON link.target_id = line.id AND link.kind = 'blocks'
            JOIN workflow.entities AS source ON source.id = link.source_id
            WHERE source.is_open AND source.deleted_at IS NULL
            ORDER BY source.created_at, source.key
            LIMIT :limit
        ) AS blocker
    ) END AS blocked_by
FROM workflow.entities AS entity
LEFT JOIN workflow.claims AS claim ON claim.entity_id = entity.id AND claim.expires_at > clock_timestamp()
WHERE entity.id = (SELECT id FROM workflow.entities WHERE id = :id::uuid OR key = :key::text);
