"""The audit log of SQL over many databases, where it is kept in the registry."""

from alembic import op

revision = "20261121_04_audited_statements"
down_revision = "20261121_03_database_grants"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE public.audited_statements (
            id                   uuid             PRIMARY KEY,
            at                   timestamptz      NOT NULL,
            database_id          text             NOT NULL,
            caller               text             NOT NULL,
            outcome              text             NOT NULL,
            error_code           text,
            duration_ms          double precision NOT NULL,
            kind                 text,
            fingerprint          text,
            tables               text[],
            statement            text,
            statement_characters integer,
            rows                 bigint,
            rows_affected        bigint,
            bytes                bigint,
            is_committed         boolean,
            cut_by               text,
            continues            uuid,
            tool                 text,
            transport            text,
            client               text,
            request_id           text
        );
        CREATE INDEX audited_statements_at ON public.audited_statements (at);
        CREATE INDEX audited_statements_database ON public.audited_statements (database_id, at);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE public.audited_statements")
