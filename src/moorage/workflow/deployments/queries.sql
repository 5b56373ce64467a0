-- name: deployment_insert :optional
-- No row comes back when another call has recorded it, which it waits for.
WITH deployment AS (
    INSERT INTO workflow.deployments (
        environment, commit_sha, attempt, branch, status, data, committed_at, started_at, deployed_at, ended_at,
        created_by, updated_by
    )
    SELECT
        :environment, :commit_sha, coalesce(:attempt::integer, 1), :branch, :status, :data::jsonb,
        :committed_at::timestamptz,
        coalesce(:started_at::timestamptz, :deployed_at::timestamptz, :ended_at::timestamptz, clock.now),
        coalesce(:deployed_at::timestamptz, CASE WHEN :status = 'deployed' THEN clock.now END),
        coalesce(:ended_at::timestamptz, CASE
            WHEN :status = 'failed' THEN coalesce(:deployed_at::timestamptz, clock.now)
            WHEN :status = 'rolled_back' THEN clock.now
        END),
        :actor, :actor
    FROM (SELECT clock_timestamp() AS now) AS clock
    ON CONFLICT (environment, commit_sha, attempt) DO NOTHING
    RETURNING
        id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
        ended_at, created_at, created_by, updated_at, updated_by
), transition AS (
    INSERT INTO workflow.deployment_transitions (deployment_id, version, status, created_by)
    SELECT id, version, status, created_by
    FROM deployment
), change AS (
    INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
    SELECT
        'deployment', 'create', version,
        jsonb_build_object(
            'id', id, 'environment', environment, 'commit_sha', commit_sha, 'attempt', attempt, 'status', status
        ),
        created_by
    FROM deployment
)
SELECT
    id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
    ended_at, created_at, created_by, updated_at, updated_by
FROM deployment;

-- name: deployment_lock :optional
-- Without an attempt, the newest one.
SELECT
    id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
    ended_at, created_at, created_by, updated_at, updated_by
FROM workflow.deployments
WHERE environment = :environment AND commit_sha = :commit_sha
    AND attempt = coalesce(:attempt::integer, attempt)
ORDER BY attempt DESC
LIMIT 1
FOR UPDATE;

-- name: deployment_update :one
-- What is NULL stays as it is. A transition is written when the status changes.
WITH before AS (
    SELECT status
    FROM workflow.deployments
    WHERE id = :id
), deployment AS (
    UPDATE workflow.deployments
    SET branch = coalesce(:branch, branch), status = :status, data = :data::jsonb, version = version + 1,
        committed_at = coalesce(:committed_at::timestamptz, committed_at),
        started_at = coalesce(:started_at::timestamptz, started_at),
        deployed_at = coalesce(
            :deployed_at::timestamptz, deployed_at, CASE WHEN :status = 'deployed' THEN clock_timestamp() END
        ),
        ended_at = coalesce(
            :ended_at::timestamptz, ended_at, CASE WHEN :status IN ('failed', 'rolled_back') THEN clock_timestamp() END
        ),
        updated_at = clock_timestamp(), updated_by = :actor
    WHERE id = :id
    RETURNING
        id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
        ended_at, created_at, created_by, updated_at, updated_by
), transition AS (
    INSERT INTO workflow.deployment_transitions (deployment_id, version, status, created_by)
    SELECT deployment.id, deployment.version, deployment.status, deployment.updated_by
    FROM deployment, before
    WHERE deployment.status <> before.status
), change AS (
    INSERT INTO workflow.changes (subject, operation, version, detail, created_by)
    SELECT
        'deployment', 'update', version,
        jsonb_build_object(
            'id', id, 'environment', environment, 'commit_sha', commit_sha, 'attempt', attempt, 'status', status
        ),
        updated_by
    FROM deployment
)
SELECT
    id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
    ended_at, created_at, created_by, updated_at, updated_by
FROM deployment;

-- name: item_find :many
-- In the order of their ids, as all who lock several; nobody purges them until the transaction ends. One list of ids,
-- and not a condition with OR, for which the planner may read the whole index of the list that is empty.
SELECT id, key, title, state
FROM workflow.entities
WHERE id = ANY (ARRAY(
    SELECT unnest(:ids::uuid[])
    UNION ALL
    SELECT id FROM workflow.entities WHERE key = ANY (:keys::text[])
))
ORDER BY id
FOR KEY SHARE;

-- name: item_add :exec
INSERT INTO workflow.deployment_items (deployment_id, entity_id)
SELECT :deployment_id, entity_id
FROM unnest(:entity_ids::uuid[]) AS given (entity_id)
ON CONFLICT DO NOTHING;

-- name: item_list :many
SELECT entity.id, entity.key, entity.title, entity.state
FROM workflow.deployment_items AS item
JOIN workflow.entities AS entity ON entity.id = item.entity_id
WHERE item.deployment_id = :deployment_id
ORDER BY entity.created_at, entity.id;

-- name: item_compare :many
-- Items live with one of two deployments and not with the other: carried by it, or by one deployed before it to the
-- same environment and not rolled back.
WITH carried AS (
    SELECT wanted.id AS deployment_id, item.entity_id
    FROM workflow.deployments AS wanted
    JOIN workflow.deployments AS earlier ON earlier.id = wanted.id OR (
        earlier.environment = wanted.environment AND earlier.status = 'deployed'
        AND earlier.deployed_at <= coalesce(wanted.deployed_at, 'infinity')
    )
    JOIN workflow.deployment_items AS item ON item.deployment_id = earlier.id
    WHERE wanted.id IN (:a, :b)
), different AS (
    SELECT entity_id, bool_or(deployment_id = :a) AS in_a
    FROM carried
    GROUP BY entity_id
    HAVING count(DISTINCT deployment_id) = 1 AND :a <> :b
)
SELECT entity.id, entity.key, entity.title, entity.state, different.in_a
FROM different
JOIN workflow.entities AS entity ON entity.id = different.entity_id
ORDER BY entity.created_at, entity.id
LIMIT :limit;

-- name: deployment_get :optional
SELECT
    id, environment, commit_sha, attempt, branch, status, version, data, committed_at, started_at, deployed_at,
    ended_at, created_at, created_by, updated_at, updated_by
FROM workflow.deployments
WHERE id = :id;

-- name: transition_list :many
SELECT version, status, created_at, created_by
FROM workflow.deployment_transitions
WHERE deployment_id = :deployment_id
ORDER BY version;

-- name: deployment_list :many
SELECT
    deployment.id, deployment.environment, deployment.commit_sha, deployment.attempt, deployment.branch,
    deployment.status, deployment.version, deployment.started_at, deployment.deployed_at, deployment.ended_at
FROM workflow.deployments AS deployment
WHERE (:environment::text IS NULL OR deployment.environment = :environment)
    AND (:status::text IS NULL OR deployment.status = :status)
    AND (:since::timestamptz IS NULL OR deployment.started_at >= :since)
    AND (:until::timestamptz IS NULL OR deployment.started_at < :until)
    AND (:entity_id::uuid IS NULL OR EXISTS (
        SELECT
        FROM workflow.deployment_items AS item
        WHERE item.deployment_id = deployment.id AND item.entity_id = :entity_id
    ))
    AND (
        :after_started_at::timestamptz IS NULL
        OR (deployment.started_at, deployment.id) < (:after_started_at, :after_id::uuid)
    )
ORDER BY deployment.started_at DESC, deployment.id DESC
LIMIT :limit;

-- name: deployment_live :many
-- For each environment the newest deployment that was not rolled back, and those after it, which all were.
WITH place AS (
    SELECT environment, max(deployed_at) FILTER (WHERE status = 'deployed') AS live_at
    FROM workflow.deployments
    WHERE :environment::text IS NULL OR environment = :environment
    GROUP BY environment
)
SELECT
    deployment.id, deployment.environment, deployment.commit_sha, deployment.attempt, deployment.branch,
    deployment.status, deployment.version, deployment.started_at, deployment.deployed_at, deployment.ended_at
FROM place
JOIN workflow.deployments AS deployment ON deployment.environment = place.environment AND (
    deployment.status = 'pending'
    OR deployment.status = 'deployed' AND deployment.deployed_at = place.live_at
    OR deployment.status = 'rolled_back' AND deployment.deployed_at >= coalesce(place.live_at, '-infinity')
)
ORDER BY deployment.environment, deployment.deployed_at DESC, deployment.id DESC;

-- name: deployment_figures :many
-- A failure is mended when it was rolled back, or when the next deployment that lasted went live.
WITH deployment AS (
    SELECT
        deployment.environment, deployment.status = 'failed' AS has_failed,
        deployment.status = 'rolled_back' AS was_rolled_back, deployment.deployed_at, deployment.ended_at,
        coalesce(deployment.committed_at, (
            SELECT min(entity.created_at)
            FROM workflow.deployment_items AS item
            JOIN workflow.entities AS entity ON entity.id = item.entity_id
            WHERE item.deployment_id = deployment.id
        )) AS changed_at
    FROM workflow.deployments AS deployment
    WHERE (:environment::text IS NULL OR deployment.environment = :environment) AND (
        (deployment.status IN ('deployed', 'rolled_back') AND deployment.deployed_at >= :since
            AND deployment.deployed_at < :until)
        OR (deployment.status = 'failed' AND deployment.ended_at >= :since AND deployment.ended_at < :until)
    )
), measured AS (
    SELECT
        environment, has_failed, was_rolled_back,
        CASE WHEN NOT has_failed AND changed_at <= deployed_at
            THEN extract(epoch FROM deployed_at - changed_at)::double precision END AS lead_seconds,
        CASE
            WHEN was_rolled_back AND ended_at >= deployed_at
                THEN extract(epoch FROM ended_at - deployed_at)::double precision
            WHEN has_failed THEN extract(epoch FROM (
                SELECT min(following.deployed_at)
                FROM workflow.deployments AS following
                WHERE following.environment = deployment.environment AND following.status = 'deployed'
                    AND following.deployed_at > deployment.ended_at
            ) - ended_at)::double precision
        END AS restore_seconds
    FROM deployment
)
SELECT
    environment,
    count(*) FILTER (WHERE NOT has_failed)::integer AS deployments,
    count(lead_seconds)::integer AS lead_times,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY lead_seconds) AS lead_time_median_seconds,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY lead_seconds) AS lead_time_p90_seconds,
    count(*) FILTER (WHERE has_failed OR was_rolled_back)::integer AS failures,
    avg((has_failed OR was_rolled_back)::integer)::double precision AS change_failure_rate,
    count(restore_seconds)::integer AS restored,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY restore_seconds) AS time_to_restore_median_seconds,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY restore_seconds) AS time_to_restore_p90_seconds
FROM measured
GROUP BY environment
ORDER BY environment;
