-- name: embedding_stale :many
-- Entities whose vector is missing, of another model, or of another version of theirs; the newest first.
SELECT entity.id, entity.version, entity.title, entity.data
FROM workflow.entities AS entity
LEFT JOIN workflow.entity_embeddings AS embedding
    ON embedding.entity_id = entity.id AND embedding.version = entity.version AND embedding.model = :model
WHERE entity.deleted_at IS NULL
    AND (:schema_name::text IS NULL OR entity.schema_name = :schema_name)
    AND embedding.entity_id IS NULL
ORDER BY entity.updated_at DESC, entity.id
LIMIT :limit;

-- name: embedding_upsert :exec
-- A vector of an older version never replaces that of a newer one; entities purged meanwhile are left out.
INSERT INTO workflow.entity_embeddings (entity_id, version, model, embedding)
SELECT given.id, given.version, :model, given.embedding::real[]
FROM unnest(:ids::uuid[], :versions::integer[], :embeddings::text[]) AS given (id, version, embedding)
JOIN workflow.entities AS entity ON entity.id = given.id
ORDER BY given.id
ON CONFLICT (entity_id) DO UPDATE
SET version = excluded.version, model = excluded.model, embedding = excluded.embedding
WHERE entity_embeddings.model <> excluded.model OR entity_embeddings.version < excluded.version;

-- name: vectors_comparable :value
-- Whether pgvector is there.
SELECT to_regtype('vector') IS NOT NULL;

-- name: index_list :many
-- The indexes that types declare. One that is not complete was left by a build that broke, or is being built.
SELECT class.relname AS name, state.indisvalid AND statistics.oid IS NOT NULL AS is_complete
FROM pg_catalog.pg_index AS state
JOIN pg_catalog.pg_class AS class ON class.oid = state.indexrelid
LEFT JOIN pg_catalog.pg_statistic_ext AS statistics
    ON statistics.stxnamespace = class.relnamespace AND statistics.stxname = class.relname
WHERE state.indrelid = 'workflow.entities'::regclass AND starts_with(class.relname, :beginning);

-- name: type_has_entities :value
SELECT EXISTS (SELECT FROM workflow.entities WHERE schema_name = :schema_name);

-- name: index_try_lock :value
-- For the session, since building is no transaction. Tried and not waited for: a build would wait for who waits.
SELECT pg_try_advisory_lock(:key);
