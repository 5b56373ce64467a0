"""Repositories, their files and chunks, the words in them, and the jobs that index them."""

from alembic import op

revision = "20261121_01_code_search"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE codebase.repositories (
            id                         uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
            repo_path                  text          NOT NULL UNIQUE,
            name                       text          NOT NULL,
            folder                     text          NOT NULL,
            last_indexed_at            timestamptz,
            head_commit                text,
            total_files                integer       NOT NULL DEFAULT 0,
            total_chunks               integer       NOT NULL DEFAULT 0,
            left_out                   jsonb         NOT NULL DEFAULT '{}',
            indexing_duration_seconds  numeric(10, 2),
            indexing_status            text          NOT NULL DEFAULT 'pending',
            created_at                 timestamptz   NOT NULL DEFAULT now(),
            updated_at                 timestamptz   NOT NULL DEFAULT now(),
            CONSTRAINT valid_status CHECK (indexing_status IN ('pending', 'in_progress', 'completed', 'failed'))
        )
    """)
    op.execute("""
        CREATE TABLE codebase.index_jobs (
            id                uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
            repository_id     uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
            state             text         NOT NULL DEFAULT 'in_progress',
            phase             text         NOT NULL DEFAULT 'starting',
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
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX index_jobs_one_at_a_time ON codebase.index_jobs (repository_id)
        WHERE state = 'in_progress'
    """)
    op.execute("""
        CREATE INDEX index_jobs_by_repository ON codebase.index_jobs (repository_id, started_at DESC)
    """)
    op.execute("""
        CREATE TABLE codebase.files (
            repository_id  uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
            path           text         NOT NULL,
            language       text         NOT NULL,
            size           bigint       NOT NULL,
            modified_ns    bigint       NOT NULL,
            content_hash   bytea        NOT NULL,
            line_count     integer      NOT NULL,
            symbols        jsonb        NOT NULL,
            left_out       text,
            indexed_at     timestamptz  NOT NULL DEFAULT now(),
            PRIMARY KEY (repository_id, path)
        )
    """)
    op.execute("""
        CREATE TABLE codebase.segments (
            id             integer  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            repository_id  uuid     NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
            chunk_count    integer  NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE codebase.code_chunks (
            id             uuid         PRIMARY KEY,
            repository_id  uuid         NOT NULL REFERENCES codebase.repositories (id) ON DELETE CASCADE,
            segment_id     integer      NOT NULL,
            position       smallint     NOT NULL,
            file_path      text         NOT NULL,
            file_type      text,
            language       text         NOT NULL,
            content        text         NOT NULL,
            start_line     integer      NOT NULL,
            end_line       integer      NOT NULL,
            symbol_name    text,
            symbol_kind    text,
            symbol_path    text,
            symbol_kinds   text[]       NOT NULL,
            created_at     timestamptz  NOT NULL DEFAULT now(),
            CONSTRAINT valid_line_numbers CHECK (start_line > 0 AND end_line >= start_line)
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX code_chunks_by_place ON codebase.code_chunks (segment_id, position)
    """)
    op.execute("""
        CREATE INDEX code_chunks_by_file ON codebase.code_chunks (repository_id, file_path, start_line)
    """)
    op.execute("""
        CREATE INDEX code_chunks_by_symbol ON codebase.code_chunks (lower(symbol_name))
        WHERE symbol_name IS NOT NULL
    """)
    op.execute("""
        CREATE TABLE codebase.postings (
            word         text     NOT NULL,
            segment_id   integer  NOT NULL,
            chunk_count  integer  NOT NULL,
            positions    bytea    NOT NULL,
            body         bytea    NOT NULL,
            names        bytea    NOT NULL,
            PRIMARY KEY (word, segment_id)
        )
    """)
    op.execute("""
        CREATE TABLE codebase.embedding_model (
            only_row    boolean      PRIMARY KEY DEFAULT true CHECK (only_row),
            model       text         NOT NULL,
            dimensions  integer      NOT NULL CHECK (dimensions > 0),
            since       timestamptz  NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS codebase.embeddings")
    for table in (
        "embedding_model", "postings", "code_chunks", "segments", "files", "index_jobs", "repositories",
    ):  # fmt: skip
        op.execute(f"DROP TABLE codebase.{table}")
