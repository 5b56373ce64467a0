CREATE SCHEMA codebase;

-- The tables of code search in a project's database. Kept true by tests/integration/test_schema.py.
CREATE TABLE codebase.repositories (
    id                         uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
    -- What was asked for: a real path, or a git URL without credentials.
    repo_path                  text          NOT NULL UNIQUE,
    name                       text          NOT NULL,
    -- Where the files are read: repo_path itself, or the clone of the URL.
    folder                     text          NOT NULL,
    last_indexed_at            timestamptz,
    head_commit                text,
    total_files                integer       NOT NULL DEFAULT 0,
    total_chunks               integer       NOT NULL DEFAULT 0,
    -- Files left out of the last run: {reason: {"count": n, "examples": [path, ...]}}.
    left_out                   jsonb         NOT NULL DEFAULT '{}',
    indexing_duration_seconds  numeric(10, 2),
    indexing_status            text          NOT NULL DEFAULT 'pending',
    created_at                 timestamptz   NOT NULL DEFAULT now(),
    updated_at                 timestamptz   NOT NULL DEFAULT now(),
    CONSTRAINT valid_status CHECK (indexing_status IN ('pending', 'in_progress', 'completed', 'failed'))
);

-- One run of indexing a repository; the newest tells how it stands.
CREATE TABLE codebase.index_jobs (
    id                uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    repository_id     uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
    state             text         NOT NULL DEFAULT 'in_progress',
    phase             text         NOT NULL DEFAULT 'starting',
    -- Who runs it. A runner renews its lease with every batch; one whose lease has run out is dead, and anyone
    -- may take the job over. What the old runner writes after that is refused.
    runner            uuid         NOT NULL,
    lease_until       timestamptz  NOT NULL,
    cancel_requested  boolean      NOT NULL DEFAULT false,
    full_reindex      boolean      NOT NULL DEFAULT false,
    attempts          integer      NOT NULL DEFAULT 1,
    files_total       integer      NOT NULL DEFAULT 0,
    files_done        integer      NOT NULL DEFAULT 0,
    files_removed     integer      NOT NULL DEFAULT 0,
    chunks_written    integer      NOT NULL DEFAULT 0,
    error             jsonb,
    started_at        timestamptz  NOT NULL DEFAULT now(),
    finished_at       timestamptz,
    CONSTRAINT valid_state CHECK (state IN ('in_progress', 'completed', 'failed', 'cancelled'))
);

CREATE UNIQUE INDEX index_jobs_one_at_a_time ON codebase.index_jobs (repository_id)
WHERE state = 'in_progress';

CREATE INDEX index_jobs_by_repository ON codebase.index_jobs (repository_id, started_at DESC);

-- What is indexed of each file, to know what has changed.
CREATE TABLE codebase.files (
    repository_id  uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
    path           text         NOT NULL,
    language       text         NOT NULL,
    size           bigint       NOT NULL,
    -- Modification time in nanoseconds; 0 makes the next run read the file again.
    modified_ns    bigint       NOT NULL,
    content_hash   bytea        NOT NULL,
    line_count     integer      NOT NULL,
    -- The outline: [[name, kind, path, start_line, end_line, signature], ...].
    symbols        jsonb        NOT NULL,
    -- Why the file is not searchable, for what is in it; it is remembered so as not to be read again.
    left_out       text,
    indexed_at     timestamptz  NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, path)
);

-- A batch of chunks written at once; words and vectors address a chunk by (segment, position).
CREATE TABLE codebase.segments (
    id             integer  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    repository_id  uuid     NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
    -- Chunks written with it, those replaced since included: postings still count them.
    chunk_count    integer  NOT NULL
);

-- Every line of an indexed file is in exactly one chunk.
CREATE TABLE codebase.code_chunks (
    id             uuid         PRIMARY KEY,
    repository_id  uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
    segment_id     integer      NOT NULL,
    position       smallint     NOT NULL,
    file_path      text         NOT NULL,
    -- The file's extension without the dot; the language as the chunker knows it.
    file_type      text,
    language       text         NOT NULL,
    content        text         NOT NULL,
    start_line     integer      NOT NULL,
    end_line       integer      NOT NULL,
    symbol_name    text,
    symbol_kind    text,
    symbol_path    text,
    -- Kinds of all definitions that begin in the chunk, its own symbol's included.
    symbol_kinds   text[]       NOT NULL,
    created_at     timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT valid_line_numbers CHECK (start_line > 0 AND end_line >= start_line)
);

CREATE UNIQUE INDEX code_chunks_by_place ON codebase.code_chunks (segment_id, position);

CREATE INDEX code_chunks_by_file ON codebase.code_chunks (repository_id, file_path, start_line);

CREATE INDEX code_chunks_by_symbol ON codebase.code_chunks (lower(symbol_name))
WHERE symbol_name IS NOT NULL;

-- Search by words: where each word occurs.
CREATE TABLE codebase.postings (
    word         text     NOT NULL,
    segment_id   integer  NOT NULL,
    chunk_count  integer  NOT NULL,
    -- See moorage/codebase/lexical.py: little-endian uint16 positions, and an impact in one byte for each field.
    positions    bytea    NOT NULL,
    body         bytea    NOT NULL,
    names        bytea    NOT NULL,
    PRIMARY KEY (word, segment_id)
);

-- Search by meaning: with which model this project was indexed. Recording it also makes the table of vectors,
-- codebase.embeddings (segment_id integer, position smallint, embedding vector(<dimensions>)),
-- PRIMARY KEY (segment_id, position), where the server has pgvector.
CREATE TABLE codebase.embedding_model (
    only_row    boolean      PRIMARY KEY DEFAULT true CHECK (only_row),
    model       text         NOT NULL,
    dimensions  integer      NOT NULL CHECK (dimensions > 0),
    since       timestamptz  NOT NULL DEFAULT now()
);
