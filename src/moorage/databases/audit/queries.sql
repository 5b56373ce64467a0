-- Statements about the audit log of SQL over many databases; all of them in the registry.

-- name: entry_insert :exec
-- What was written as about to be committed is replaced by how it ended.
INSERT INTO public.audited_statements
    (id, at, database_id, caller, outcome, error_code, duration_ms, kind, fingerprint, tables, statement,
     statement_characters, rows, rows_affected, bytes, is_committed, cut_by, continues, tool, transport, client,
     request_id)
SELECT e.id, e.at, e.database_id, e.caller, e.outcome, e.error_code, e.duration_ms, e.kind, e.fingerprint, e.tables,
       e.statement, e.statement_characters, e.rows, e.rows_affected, e.bytes, e.is_committed, e.cut_by, e.continues,
       e.tool, e.transport, e.client, e.request_id
FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS e (
    id uuid, at timestamptz, database_id text, caller text, outcome text, error_code text,
    duration_ms double precision, kind text, fingerprint text, tables text[], statement text,
    statement_characters integer, rows bigint, rows_affected bigint, bytes bigint, is_committed boolean, cut_by text,
    continues uuid, tool text, transport text, client text, request_id text
)
ON CONFLICT (id) DO UPDATE
SET outcome = excluded.outcome, error_code = excluded.error_code, duration_ms = excluded.duration_ms,
    rows = excluded.rows, rows_affected = excluded.rows_affected, bytes = excluded.bytes,
    is_committed = excluded.is_committed, cut_by = excluded.cut_by;

-- name: entry_list :many
-- The newest first; a filter that is NULL takes all.
SELECT id, at, database_id, caller, outcome, error_code, duration_ms, kind, fingerprint, tables, statement,
       statement_characters, rows, rows_affected, bytes, is_committed, cut_by, continues, tool, transport, client,
       request_id
FROM public.audited_statements
WHERE (CAST(:database_ids AS text[]) IS NULL OR database_id = ANY (CAST(:database_ids AS text[])))
  AND (CAST(:caller AS text) IS NULL OR caller = CAST(:caller AS text))
  AND (CAST(:outcome AS text) IS NULL OR outcome = CAST(:outcome AS text))
  AND (CAST(:kind AS text) IS NULL OR kind = CAST(:kind AS text))
  AND (CAST(:fingerprint AS text) IS NULL OR fingerprint = CAST(:fingerprint AS text))
  AND at >= coalesce(CAST(:since AS timestamptz), '-infinity')
  AND at < coalesce(CAST(:until AS timestamptz), 'infinity')
ORDER BY at DESC, id
LIMIT :limit;

-- name: entry_purge :exec
DELETE FROM public.audited_statements
WHERE at < :before
  AND (CAST(:database_id AS text) IS NULL OR database_id = CAST(:database_id AS text));
