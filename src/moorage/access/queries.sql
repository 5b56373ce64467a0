-- Statements about tokens; all of them in the registry.

-- name: token_insert :optional
-- No row comes back when the name is taken.
INSERT INTO public.tokens (name, hash, scope, projects, databases, calls_per_minute, created_by, expires_at)
VALUES (:name, :hash, :scope, :projects, :databases, :calls_per_minute, :created_by, now() + CAST(:life AS interval))
ON CONFLICT (name) DO NOTHING
RETURNING id, name, scope, projects, databases, calls_per_minute, created_at, created_by, expires_at, revoked_at, last_used_at;

-- name: token_find :many
-- By their hashes; all of them in one go, because whoever tries tokens must not cost a statement each.
SELECT hash, id, name, scope, projects, databases, calls_per_minute, created_at, created_by, expires_at, revoked_at, last_used_at
FROM public.tokens
WHERE hash = ANY (CAST(:hashes AS bytea[]));

-- name: token_list :many
SELECT id, name, scope, projects, databases, calls_per_minute, created_at, created_by, expires_at, revoked_at, last_used_at
FROM public.tokens
ORDER BY name;

-- name: token_revoke :optional
-- A token revoked before keeps its time. No row comes back when there is no such token.
UPDATE public.tokens
SET revoked_at = coalesce(revoked_at, now())
WHERE name = :name
RETURNING id, name, scope, projects, databases, calls_per_minute, created_at, created_by, expires_at, revoked_at, last_used_at;

-- name: token_exists :value
-- Whether there ever was one: a server whose last token is revoked does not open up again.
SELECT EXISTS (SELECT FROM public.tokens);

-- name: token_is_usable :value
SELECT EXISTS (
    SELECT FROM public.tokens
    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
);

-- name: token_touch :exec
-- Several servers may tell of the same token, in any order.
UPDATE public.tokens AS t
SET last_used_at = greatest(t.last_used_at, used.at)
FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS used (id, at)
WHERE t.id = used.id;

-- name: project_missing :many
SELECT wanted.name
FROM unnest(CAST(:names AS text[])) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM public.projects AS p WHERE p.name = wanted.name)
ORDER BY wanted.name;
