"""What is restored of a dump, told from pg_restore's own words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moorage.core.postgres.programs import Programs
from moorage.operations.restore.contents import Contents, contents_of

LISTED = """\
;
; Archive created at 2026-11-21 15:33:17 UTC
;     dbname: project_website
8; 2615 16827 SCHEMA - codebase postgres
2; 3079 16471 EXTENSION - vector 
2975; 0 0 COMMENT - EXTENSION vector 
238; 1259 17053 TABLE codebase embeddings postgres
229; 1259 16901 TABLE codebase files postgres
2980; 0 0 COMMENT codebase COLUMN embeddings.embedding postgres
2967; 0 17053 TABLE DATA codebase embeddings postgres
2958; 0 16901 TABLE DATA codebase files postgres
2799; 2606 17062 CONSTRAINT codebase embeddings embeddings_pkey postgres
2797; 1259 17063 INDEX codebase embeddings_by_direction postgres
2798; 1259 17064 INDEX codebase embeddings_by_position postgres
2778; 1259 16963 INDEX codebase files_by_path postgres
2981; 0 0 COMMENT codebase INDEX embeddings_by_direction postgres
"""  # noqa: W291 - as it is printed
SCHEMA = """\
CREATE TABLE codebase.embeddings (
    segment_id integer NOT NULL,
    embedding public.vector(4) NOT NULL
);
CREATE TABLE codebase.files (
    path text NOT NULL
);
CREATE INDEX embeddings_by_direction ON codebase.embeddings USING hnsw (embedding public.vector_cosine_ops);
CREATE INDEX embeddings_by_position ON codebase.embeddings USING btree ("position");
CREATE INDEX files_by_path ON codebase.files USING btree (path);
"""
PROGRAM = """\
#!/bin/sh
case "$1" in
--list) cat <<'END'
{listed}END
;;
*) cat <<'END'
{schema}END
;;
esac
"""


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    """Contents as a pg_restore tells them that says nothing else."""
    program = tmp_path / "pg_restore"
    program.write_text(PROGRAM.format(listed=LISTED, schema=SCHEMA))
    program.chmod(0o755)
    return asyncio.run(contents_of(Programs(tmp_path, "18.4"), tmp_path / "website.dump"))


def left_out(contents: Contents, lines: list[str]) -> set[str]:
    """Return what is not restored, without numbers and owners."""
    absent = {each.line for each in contents.entries} - set(lines)
    return {line.split(" ", 3)[3].removesuffix(" postgres").strip() for line in absent}


def test_indexes_over_vectors_are_left_to_be_built_afterwards(contents: Contents):
    assert left_out(contents, contents.lines()) == {
        "COMMENT - EXTENSION vector",
        "INDEX codebase embeddings_by_direction",
        "COMMENT codebase INDEX embeddings_by_direction",
    }
    assert [index.statement for index in contents.vector_indexes] == [
        "CREATE INDEX embeddings_by_direction ON codebase.embeddings USING hnsw (embedding public.vector_cosine_ops);"
    ]


def test_without_pgvector_its_tables_go_with_all_that_is_about_them(contents: Contents):
    assert contents.needs_vectors
    assert left_out(contents, contents.lines_without_vectors()) == {
        "EXTENSION - vector",
        "COMMENT - EXTENSION vector",
        "TABLE codebase embeddings",
        "COMMENT codebase COLUMN embeddings.embedding",
        "TABLE DATA codebase embeddings",
        "CONSTRAINT codebase embeddings embeddings_pkey",
        "INDEX codebase embeddings_by_direction",
        "INDEX codebase embeddings_by_position",
        "COMMENT codebase INDEX embeddings_by_direction",
    }
