-- name: change_page :many
-- What comes after a place, as far as no transaction that still runs could put anything before it: a transaction below
-- xmin has ended, and what it wrote is seen here. One row at least comes back; every row says whether the place itself
-- is still there, how much was looked through, and where that ended.
WITH settled AS (
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset AS txid
    FROM workflow.constants
), scanned AS (
    SELECT txid, seq, subject, operation, entity_id, version, detail, created_at, created_by
    FROM workflow.changes
    WHERE (txid, seq) > (:txid::bigint, :seq::bigint) AND txid < (SELECT settled.txid FROM settled)
    ORDER BY txid, seq
    LIMIT :scanned
), head AS (
    SELECT
        EXISTS (SELECT FROM workflow.changes WHERE txid = :txid::bigint AND seq = :seq::bigint) AS place_is_there,
        (SELECT count(*) FROM scanned) AS scanned,
        (SELECT jsonb_build_array(txid, seq) FROM scanned ORDER BY txid DESC, seq DESC LIMIT 1) AS scanned_to
), page AS (
    SELECT
        scanned.txid, scanned.seq, scanned.subject, scanned.operation, scanned.entity_id, scanned.version,
        coalesce(entity.key, scanned.detail ->> 'key') AS key,
        coalesce(entity.schema_name, scanned.detail ->> 'schema_name') AS schema_name,
        scanned.detail - '{key,schema_name}'::text[] AS detail, scanned.created_at, scanned.created_by
    FROM scanned
    LEFT JOIN workflow.entities AS entity ON entity.id = scanned.entity_id
    WHERE (:subjects::text[] IS NULL OR scanned.subject = ANY (:subjects::text[]))
        AND (
            :schema_names::text[] IS NULL
            OR coalesce(entity.schema_name, scanned.detail ->> 'schema_name') = ANY (:schema_names::text[])
        )
    ORDER BY scanned.txid, scanned.seq
    LIMIT :limit
)
SELECT
    head.place_is_there, head.scanned, head.scanned_to, page.txid, page.seq, page.subject, page.operation,
    page.entity_id, page.version, page.key, page.schema_name, page.detail, page.created_at, page.created_by
FROM head
LEFT JOIN page ON true
ORDER BY page.txid, page.seq;

-- name: change_newest :optional
-- The last change that `change_page` would give.
SELECT txid, seq
FROM workflow.changes
WHERE txid < (
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset
    FROM workflow.constants
)
ORDER BY txid DESC, seq DESC
LIMIT 1;

-- name: change_is_ahead :value
-- A number that is stored was given by a transaction that has ended; one from xmax on has not begun yet.
SELECT coalesce(max(txid), 0) >= (
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xid_offset
    FROM workflow.constants
)
FROM workflow.changes;

-- name: change_before :optional
-- The last change of the transactions before the first one that wrote something at or after a moment; the newest where
-- nothing was written since. No row comes back when nothing is before it.
SELECT txid, seq
FROM workflow.changes
WHERE txid < (SELECT coalesce(min(txid), 9223372036854775807) FROM workflow.changes WHERE created_at >= :since)
    AND txid < (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset
        FROM workflow.constants
    )
ORDER BY txid DESC, seq DESC
LIMIT 1;

-- name: change_latest :many
-- The newest changes that `change_page` would give, the last one first.
SELECT
    change.txid, change.seq, change.subject, change.operation, change.entity_id, change.version,
    coalesce(entity.key, change.detail ->> 'key') AS key,
    coalesce(entity.schema_name, change.detail ->> 'schema_name') AS schema_name,
    change.detail - '{key,schema_name}'::text[] AS detail, change.created_at, change.created_by
FROM (
    SELECT txid, seq, subject, operation, entity_id, version, detail, created_at, created_by
    FROM workflow.changes
    WHERE txid < (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset
        FROM workflow.constants
    )
    ORDER BY txid DESC, seq DESC
    LIMIT :limit
) AS change
LEFT JOIN workflow.entities AS entity ON entity.id = change.entity_id
ORDER BY change.txid DESC, change.seq DESC;
