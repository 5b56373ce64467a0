-- Statements of code search; all run in a project's database.

-- Repositories -------------------------------------------------------------------------------------------------------

-- name: repository_upsert :one
INSERT INTO codebase.repositories (repo_path, name, folder)
VALUES (:repo_path, :name, :folder)
ON CONFLICT (repo_path) DO UPDATE SET folder = EXCLUDED.folder, updated_at = now()
RETURNING id, repo_path, name, folder, last_indexed_at, head_commit, total_files, total_chunks, left_out,
          indexing_status, indexing_duration_seconds;

-- name: repository_unended :many
-- Repositories whose run will not end by itself: no job runs, or its runner has been dead for :longer_than; with what
-- is told of them in the row, and what there is.
SELECT r.id, r.name, r.indexing_status, r.total_chunks, j.lease_until,
       (SELECT count(*) FROM codebase.code_chunks AS c WHERE c.repository_id = r.id) AS chunks
FROM codebase.repositories AS r
LEFT JOIN codebase.index_jobs AS j ON j.repository_id = r.id AND j.state = 'in_progress'
WHERE j.id IS NULL OR j.lease_until < now() - CAST(:longer_than AS interval)
ORDER BY r.name, r.repo_path;

-- name: repository_recount :exec
UPDATE codebase.repositories
SET total_files = (SELECT count(*) FROM codebase.files WHERE repository_id = :id AND left_out IS NULL),
    total_chunks = (SELECT count(*) FROM codebase.code_chunks WHERE repository_id = :id)
WHERE id = :id;

-- name: repository_list :many
SELECT id, repo_path, name, folder, last_indexed_at, head_commit, total_files, total_chunks, left_out,
       indexing_status, indexing_duration_seconds
FROM codebase.repositories
ORDER BY name, repo_path;

-- name: repository_begin :exec
UPDATE codebase.repositories
SET indexing_status = 'in_progress', updated_at = now()
WHERE id = :id;

-- name: repository_finish :exec
-- The totals are counted, not added up, so that they are true whatever happened before.
UPDATE codebase.repositories
SET indexing_status = 'completed',
    last_indexed_at = now(),
    head_commit = :head_commit,
    left_out = :left_out,
    indexing_duration_seconds = :duration_seconds,
    total_files = (SELECT count(*) FROM codebase.files WHERE repository_id = :id AND left_out IS NULL),
    total_chunks = (SELECT count(*) FROM codebase.code_chunks WHERE repository_id = :id),
    updated_at = now()
WHERE id = :id;

-- name: repository_stop :exec
-- After a failure or a cancellation: what an earlier run completed still counts as completed.
UPDATE codebase.repositories
SET indexing_status = CASE
        WHEN :failed THEN 'failed' WHEN last_indexed_at IS NULL THEN 'pending' ELSE 'completed' END,
    total_files = (SELECT count(*) FROM codebase.files WHERE repository_id = :id AND left_out IS NULL),
    total_chunks = (SELECT count(*) FROM codebase.code_chunks WHERE repository_id = :id),
    updated_at = now()
WHERE id = :id;

-- name: job_delete :exec
-- First of all when a repository is deleted: it waits for a batch that is being written, and refuses the next one.
DELETE FROM codebase.index_jobs
WHERE repository_id = :repository_id;

-- name: repository_delete :exec
DELETE FROM codebase.repositories
WHERE id = :id;

-- name: posting_delete_by_repository :exec
DELETE FROM codebase.postings
WHERE segment_id IN (SELECT id FROM codebase.segments WHERE repository_id = :repository_id);

-- Jobs ---------------------------------------------------------------------------------------------------------------

-- name: job_start :optional
-- No row comes back when the repository has a running job.
INSERT INTO codebase.index_jobs (repository_id, runner, lease_until, full_reindex)
VALUES (:repository_id, :runner, now() + CAST(:lease AS interval), :full_reindex)
ON CONFLICT (repository_id) WHERE state = 'in_progress' DO NOTHING
RETURNING id, repository_id, state, phase, runner, lease_until, cancel_requested, full_reindex, attempts, files_total,
          files_done, files_removed, chunks_written, error, started_at, finished_at, lease_until > now() AS alive;

-- name: job_take_over :optional
-- No row comes back while the runner renews its lease, or when there is no running job.
UPDATE codebase.index_jobs
SET runner = :runner, lease_until = now() + CAST(:lease AS interval), attempts = attempts + 1, phase = 'starting',
    files_done = 0, files_total = 0, full_reindex = full_reindex OR :full_reindex
WHERE repository_id = :repository_id AND state = 'in_progress' AND lease_until < now()
RETURNING id, repository_id, state, phase, runner, lease_until, cancel_requested, full_reindex, attempts, files_total,
          files_done, files_removed, chunks_written, error, started_at, finished_at, lease_until > now() AS alive;

-- name: job_renew :optional
-- No row comes back when the job is not this runner's any more. Part of every transaction that writes.
UPDATE codebase.index_jobs
SET lease_until = now() + CAST(:lease AS interval),
    phase = :phase,
    files_total = :files_total,
    files_done = files_done + :files_done,
    files_removed = files_removed + :files_removed,
    chunks_written = chunks_written + :chunks_written
WHERE id = :id AND runner = :runner AND state = 'in_progress'
RETURNING cancel_requested;

-- name: job_finish :optional
UPDATE codebase.index_jobs
SET state = :state, phase = 'finished', error = :error, finished_at = now()
WHERE id = :id AND runner = :runner AND state = 'in_progress'
RETURNING id;

-- name: job_request_cancel :optional
-- A job whose runner died has nobody to hear of it, and ends at once.
UPDATE codebase.index_jobs
SET cancel_requested = true,
    state = CASE WHEN lease_until < now() THEN 'cancelled' ELSE state END,
    finished_at = CASE WHEN lease_until < now() THEN now() END
WHERE repository_id = :repository_id AND state = 'in_progress'
RETURNING state;

-- name: job_cancel_all :exec
-- A batch that is being written holds its job's row, so it ends first; the next one of its run is refused.
UPDATE codebase.index_jobs
SET state = 'cancelled', phase = 'finished', finished_at = now()
WHERE state = 'in_progress';

-- name: job_latest :many
-- The newest job of each repository.
SELECT DISTINCT ON (repository_id)
       id, repository_id, state, phase, runner, lease_until, cancel_requested, full_reindex, attempts, files_total,
       files_done, files_removed, chunks_written, error, started_at, finished_at, lease_until > now() AS alive
FROM codebase.index_jobs
ORDER BY repository_id, started_at DESC;

-- name: job_prune :exec
-- Keeps the newest jobs of a repository.
DELETE FROM codebase.index_jobs
WHERE repository_id = :repository_id
  AND id NOT IN (
      SELECT id FROM codebase.index_jobs WHERE repository_id = :repository_id ORDER BY started_at DESC LIMIT :keep
  );

-- Files and chunks ---------------------------------------------------------------------------------------------------

-- name: file_list :many
SELECT path, size, modified_ns, content_hash
FROM codebase.files
WHERE repository_id = :repository_id;

-- name: file_left_out :many
-- Files left out for what is in them, by reason, with some of their paths.
SELECT left_out AS reason, count(*) AS count, CAST((array_agg(path ORDER BY path))[1:5] AS text[]) AS examples
FROM codebase.files
WHERE repository_id = :repository_id AND left_out IS NOT NULL
GROUP BY left_out
ORDER BY left_out;

-- name: file_get :optional
SELECT path, language, size, modified_ns, line_count, symbols
FROM codebase.files
WHERE repository_id = :repository_id AND path = :path AND left_out IS NULL;

-- name: file_find :many
-- The files whose path ends like this one, for "did you mean".
SELECT path
FROM codebase.files
WHERE repository_id = :repository_id AND right(path, length(:ending)) = :ending AND left_out IS NULL
ORDER BY path
LIMIT 5;

-- name: file_upsert :exec
INSERT INTO codebase.files
    (repository_id, path, language, size, modified_ns, content_hash, line_count, symbols, left_out)
SELECT :repository_id, path, language, size, modified_ns, content_hash, line_count, CAST(symbols AS jsonb), left_out
FROM unnest(CAST(:paths AS text[]), CAST(:languages AS text[]), CAST(:sizes AS bigint[]),
            CAST(:modified_ns AS bigint[]), CAST(:content_hashes AS bytea[]), CAST(:line_counts AS integer[]),
            CAST(:symbols AS text[]), CAST(:left_out AS text[]))
     AS new (path, language, size, modified_ns, content_hash, line_count, symbols, left_out)
ON CONFLICT (repository_id, path) DO UPDATE
SET language = EXCLUDED.language, size = EXCLUDED.size, modified_ns = EXCLUDED.modified_ns,
    content_hash = EXCLUDED.content_hash, line_count = EXCLUDED.line_count, symbols = EXCLUDED.symbols,
    left_out = EXCLUDED.left_out, indexed_at = now();

-- name: file_touch :exec
-- The text is the same, only its time is not.
UPDATE codebase.files AS f
SET size = new.size, modified_ns = new.modified_ns
FROM unnest(CAST(:paths AS text[]), CAST(:sizes AS bigint[]), CAST(:modified_ns AS bigint[]))
     AS new (path, size, modified_ns)
WHERE f.repository_id = :repository_id AND f.path = new.path;

-- name: file_delete :exec
DELETE FROM codebase.files
WHERE repository_id = :repository_id AND path = ANY (CAST(:paths AS text[]));

-- name: chunk_delete :exec
DELETE FROM codebase.code_chunks
WHERE repository_id = :repository_id AND file_path = ANY (CAST(:paths AS text[]));

-- name: embedding_missing :many
-- Repositories with chunks that have no vector, and how many.
SELECT r.id, r.name, count(*) AS chunks
FROM codebase.code_chunks AS c
JOIN codebase.repositories AS r ON r.id = c.repository_id
WHERE NOT EXISTS (
    SELECT 1 FROM codebase.embeddings AS e WHERE e.segment_id = c.segment_id AND e.position = c.position
)
  AND NOT EXISTS (
    SELECT 1 FROM codebase.index_jobs AS j WHERE j.repository_id = c.repository_id AND j.state = 'in_progress'
)
GROUP BY r.id, r.name
ORDER BY r.name;

-- name: embedding_delete :exec
DELETE FROM codebase.embeddings AS e
USING codebase.code_chunks AS c
WHERE c.repository_id = :repository_id AND c.file_path = ANY (CAST(:paths AS text[]))
  AND e.segment_id = c.segment_id AND e.position = c.position;

-- name: embedding_delete_by_repository :exec
DELETE FROM codebase.embeddings
WHERE segment_id IN (SELECT id FROM codebase.segments WHERE repository_id = :repository_id);

-- name: segment_insert :value
INSERT INTO codebase.segments (repository_id, chunk_count)
VALUES (:repository_id, :chunk_count)
RETURNING id;

-- name: segment_extend :optional
-- Room at the end of a segment for a small batch; no row comes back when every segment is full.
UPDATE codebase.segments
SET chunk_count = chunk_count + :chunk_count
WHERE id = (
    SELECT id
    FROM codebase.segments
    WHERE repository_id = :repository_id AND chunk_count + :chunk_count <= :most
    ORDER BY id DESC
    LIMIT 1
)
RETURNING id, chunk_count - :chunk_count AS first_position;

-- name: segment_delete_empty :exec
-- Segments none of whose chunks is left, with their postings.
WITH empty AS (
    DELETE FROM codebase.segments AS s
    WHERE s.repository_id = :repository_id
      AND NOT EXISTS (SELECT 1 FROM codebase.code_chunks AS c WHERE c.segment_id = s.id)
    RETURNING s.id
)
DELETE FROM codebase.postings
WHERE segment_id IN (SELECT id FROM empty);

-- name: chunks_written :value
-- How many chunks the segments of a repository have ever held.
SELECT COALESCE(sum(chunk_count), 0)
FROM codebase.segments
WHERE repository_id = :repository_id;

-- name: posting_extend :exec
-- New positions lie behind all that the segment has, so they are put at the end.
INSERT INTO codebase.postings AS p (word, segment_id, chunk_count, positions, body, names)
SELECT word, :segment_id, length(body), positions, body, names
FROM unnest(CAST(:words AS text[]), CAST(:positions AS bytea[]), CAST(:bodies AS bytea[]), CAST(:names AS bytea[]))
     AS new (word, positions, body, names)
ON CONFLICT (word, segment_id) DO UPDATE
SET chunk_count = p.chunk_count + EXCLUDED.chunk_count,
    positions = p.positions || EXCLUDED.positions,
    body = p.body || EXCLUDED.body,
    names = p.names || EXCLUDED.names;

-- name: chunk_get :many
-- Chunks with their neighbours in the file, as far as the lines around them reach.
SELECT c.id AS wanted_id, n.id, n.repository_id, n.file_path, n.language, n.start_line, n.end_line, n.symbol_name,
       n.symbol_kind, n.symbol_path, n.content
FROM codebase.code_chunks AS c
JOIN codebase.code_chunks AS n
  ON n.repository_id = c.repository_id AND n.file_path = c.file_path
 AND n.end_line >= c.start_line - :lines AND n.start_line <= c.end_line + :lines
WHERE c.id = ANY (CAST(:ids AS uuid[]))
ORDER BY n.start_line;

-- name: chunk_contents :many
-- With what was known of the file when it was indexed.
SELECT c.id, c.content, f.size, f.modified_ns
FROM codebase.code_chunks AS c
JOIN codebase.files AS f ON f.repository_id = c.repository_id AND f.path = c.file_path
WHERE c.id = ANY (CAST(:ids AS uuid[]));

-- Embedding model ----------------------------------------------------------------------------------------------------

-- name: embedding_model_get :optional
SELECT model, dimensions
FROM codebase.embedding_model;

-- name: embedding_model_set :exec
INSERT INTO codebase.embedding_model (model, dimensions)
VALUES (:model, :dimensions)
ON CONFLICT (only_row) DO UPDATE SET model = EXCLUDED.model, dimensions = EXCLUDED.dimensions, since = now();

-- name: file_forget :exec
-- Makes the next run read every file again.
UPDATE codebase.files
SET content_hash = '', modified_ns = 0
WHERE CAST(:repository_id AS uuid) IS NULL OR repository_id = :repository_id;

-- name: vectors_lock :exec
-- Held until the transaction ends: one process at a time makes, replaces or indexes the table of vectors.
SELECT pg_advisory_xact_lock(hashtextextended('moorage.codebase.vectors', 0));

-- name: vectors_try_lock :value
SELECT pg_try_advisory_xact_lock(hashtextextended('moorage.codebase.vectors', 0));

-- name: vectors_exist :value
SELECT to_regclass('codebase.embeddings') IS NOT NULL;

-- name: vector_index :optional
SELECT i.indexrelid::regclass::text AS name, i.indisvalid AS is_valid
FROM pg_catalog.pg_index AS i
WHERE i.indexrelid = to_regclass('codebase.embeddings_by_direction');

-- name: vector_count :value
-- An estimate where there are many, exact where there are few.
SELECT CASE
    WHEN c.reltuples >= 100000 THEN CAST(c.reltuples AS bigint)
    ELSE (SELECT count(*) FROM codebase.embeddings) END
FROM pg_catalog.pg_class AS c
WHERE c.oid = CAST('codebase.embeddings' AS regclass);

-- Search -------------------------------------------------------------------------------------------------------------

-- name: posting_find :many
-- With the size of each segment and of all that are searched. Words in more chunks than the greater of :few and a share
-- of all decide nothing and cost most; they are left out here, before they travel.
WITH searched AS (
    SELECT id, chunk_count
    FROM codebase.segments
    WHERE CAST(:repository_ids AS uuid[]) IS NULL OR repository_id = ANY (CAST(:repository_ids AS uuid[]))
),
whole AS (
    SELECT COALESCE(sum(chunk_count), 0) AS chunk_count FROM searched
),
found AS (
    SELECT p.segment_id, s.chunk_count AS segment_chunks, p.word, p.positions, p.body, p.names,
           sum(p.chunk_count) OVER (PARTITION BY p.word) AS word_chunks
    FROM codebase.postings AS p
    JOIN searched AS s ON s.id = p.segment_id
    WHERE p.word = ANY (CAST(:words AS text[]))
)
SELECT found.segment_id, found.segment_chunks, found.word, found.positions, found.body, found.names,
       whole.chunk_count AS all_chunks
FROM found
CROSS JOIN whole
WHERE found.word_chunks <= GREATEST(CAST(:few AS bigint), whole.chunk_count * CAST(:share AS float8))
ORDER BY found.segment_id;

-- name: chunk_nearest :many
-- Ordered by distance alone: a second key would lose the index. The text of the vector is read in a sub-select, once,
-- and not again for each row.
SELECT segment_id, position
FROM codebase.embeddings
ORDER BY embedding <=> (SELECT CAST(CAST(:vector AS text) AS vector))
LIMIT :limit;

-- name: chunk_nearest_filtered :many
SELECT e.segment_id, e.position
FROM codebase.embeddings AS e
JOIN codebase.code_chunks AS c ON c.segment_id = e.segment_id AND c.position = e.position
WHERE (CAST(:repository_ids AS uuid[]) IS NULL OR c.repository_id = ANY (CAST(:repository_ids AS uuid[])))
  AND (CAST(:path_pattern AS text) IS NULL OR c.file_path ~ CAST(:path_pattern AS text))
  AND (CAST(:languages AS text[]) IS NULL OR c.language = ANY (CAST(:languages AS text[])))
  AND (CAST(:file_types AS text[]) IS NULL OR c.file_type = ANY (CAST(:file_types AS text[])))
  AND (CAST(:symbol_kinds AS text[]) IS NULL OR c.symbol_kinds && CAST(:symbol_kinds AS text[]))
ORDER BY e.embedding <=> (SELECT CAST(CAST(:vector AS text) AS vector))
LIMIT :limit;

-- name: chunk_details :many
-- Without distances, for a project without vectors.
SELECT c.id, c.repository_id, c.segment_id, c.position, c.file_path, c.language, c.start_line, c.end_line,
       c.symbol_name, c.symbol_kind, c.symbol_path, CAST(NULL AS float8) AS distance
FROM unnest(CAST(:segment_ids AS integer[]), CAST(:positions AS smallint[])) AS wanted (segment_id, position)
JOIN codebase.code_chunks AS c ON c.segment_id = wanted.segment_id AND c.position = wanted.position
WHERE (CAST(:repository_ids AS uuid[]) IS NULL OR c.repository_id = ANY (CAST(:repository_ids AS uuid[])))
  AND (CAST(:path_pattern AS text) IS NULL OR c.file_path ~ CAST(:path_pattern AS text))
  AND (CAST(:languages AS text[]) IS NULL OR c.language = ANY (CAST(:languages AS text[])))
  AND (CAST(:file_types AS text[]) IS NULL OR c.file_type = ANY (CAST(:file_types AS text[])))
  AND (CAST(:symbol_kinds AS text[]) IS NULL OR c.symbol_kinds && CAST(:symbol_kinds AS text[]));

-- name: chunk_details_with_distance :many
SELECT c.id, c.repository_id, c.segment_id, c.position, c.file_path, c.language, c.start_line, c.end_line,
       c.symbol_name, c.symbol_kind, c.symbol_path,
       e.embedding <=> (SELECT CAST(CAST(:vector AS text) AS vector)) AS distance
FROM unnest(CAST(:segment_ids AS integer[]), CAST(:positions AS smallint[])) AS wanted (segment_id, position)
JOIN codebase.code_chunks AS c ON c.segment_id = wanted.segment_id AND c.position = wanted.position
LEFT JOIN codebase.embeddings AS e ON e.segment_id = wanted.segment_id AND e.position = wanted.position
WHERE (CAST(:repository_ids AS uuid[]) IS NULL OR c.repository_id = ANY (CAST(:repository_ids AS uuid[])))
  AND (CAST(:path_pattern AS text) IS NULL OR c.file_path ~ CAST(:path_pattern AS text))
  AND (CAST(:languages AS text[]) IS NULL OR c.language = ANY (CAST(:languages AS text[])))
  AND (CAST(:file_types AS text[]) IS NULL OR c.file_type = ANY (CAST(:file_types AS text[])))
  AND (CAST(:symbol_kinds AS text[]) IS NULL OR c.symbol_kinds && CAST(:symbol_kinds AS text[]));

-- name: chunk_by_symbol :many
-- Definitions whose name is exactly this word.
SELECT segment_id, position
FROM codebase.code_chunks
WHERE lower(symbol_name) = :name
LIMIT :limit;
