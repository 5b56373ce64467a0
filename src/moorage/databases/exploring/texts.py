"""Relations as text that reads like SQL, with what SQL does not say in comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import ByteSize

from moorage.databases.exploring.models import Column, Kind, Relation

MAX_COMMENT_CHARACTERS = 300
MAX_DEFINITION_CHARACTERS = 6_000
MAX_LABELS = 40
CHECK_UNKNOWN = "CHECK (...)"
MAX_RELATIVES = 30

_SQL_KINDS = {
    Kind.TABLE: "TABLE",
    Kind.VIEW: "VIEW",
    Kind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    Kind.FOREIGN_TABLE: "FOREIGN TABLE",
    Kind.SEQUENCE: "SEQUENCE",
}
_PERSISTENCE = {"u": "UNLOGGED ", "t": "TEMPORARY "}


def sketch_of(relation: Relation) -> str:
    """Return one line: its name, its columns with their types, and its comment."""
    columns = ", ".join(f"{one_line(each.name)} {each.type}" for each in relation.columns)
    return f"{relation.kind} {one_line(relation.quoted)}({columns}){remark(relation.comment)}"


def lines_of(relation: Relation) -> list[str]:
    """Return everything of a relation by lines: what it is, its columns and constraints, then what belongs to it."""
    return [*_facts(relation), *_statement(relation), *_belongings(relation)]


def one_line(text: str) -> str:
    """Return a text without what ends a line, so that no name or comment can pretend to be a line of ours."""
    return " ".join(text.split()) if any(each.isspace() and each != " " for each in text) else text


def remark(comment: str | None) -> str:
    """Return a comment as what stands behind SQL, cut; nothing for none."""
    if not comment:
        return ""
    line = one_line(comment)
    return f"  -- {line if len(line) <= MAX_COMMENT_CHARACTERS else line[:MAX_COMMENT_CHARACTERS] + '…'}"


def cut_definition(text: str) -> str:
    """Return the beginning of a definition, marked where it goes on."""
    if len(text) <= MAX_DEFINITION_CHARACTERS:
        return text
    return f"{text[:MAX_DEFINITION_CHARACTERS]}\n-- cut: {len(text) - MAX_DEFINITION_CHARACTERS:,} characters more"


def size(count: int) -> str:
    return ByteSize(count).human_readable(decimal=True)


def _facts(relation: Relation) -> Iterator[str]:
    if relation.comment:
        yield remark(relation.comment).strip()
    if relation.is_locked:
        yield "-- somebody holds it locked: its size, defaults, checks, indexes, triggers and policies are not shown"
    rows = "" if relation.rows is None else f"about {relation.rows:,} rows"
    stored = "" if relation.bytes is None else f"{size(relation.bytes)} with indexes"
    may = f"this role may {', '.join(relation.privileges)}" if relation.privileges else "this role may use some columns"
    yield f"-- {'; '.join(filter(None, (rows, stored, may)))}"


def _statement(relation: Relation) -> Iterator[str]:
    head = f"CREATE {_PERSISTENCE.get(relation.persistence, '')}{_SQL_KINDS[relation.kind]} {one_line(relation.quoted)}"
    if relation.kind is Kind.SEQUENCE:
        yield f"{head} {relation.sequence};"
        return
    yield f"{head} ("
    entries = [(_column(each), _column_remark(each)) for each in relation.columns]
    entries += [
        (f"CONSTRAINT {one_line(each.name)} {each.definition or CHECK_UNKNOWN}", "") for each in relation.constraints
    ]
    for place, (entry, behind) in enumerate(entries, 1):
        yield f"  {entry}{',' if place < len(entries) else ''}{behind}"
    yield f"){_after_columns(relation)}"


def _column(column: Column) -> str:
    parts = [one_line(column.name), column.type]
    if column.generated:
        kept = "STORED" if column.generated == "s" else "VIRTUAL"
        parts.append(f"GENERATED ALWAYS AS ({column.default or '...'}) {kept}")
    elif column.identity:
        parts.append(f"GENERATED {'ALWAYS' if column.identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
    elif column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.is_required and not column.identity:
        parts.append("NOT NULL")
    return " ".join(parts)


def _column_remark(column: Column) -> str:
    notes = []
    if column.base_type:
        notes.append(f"domain over {column.base_type}")
    if column.labels:
        left_out = len(column.labels) - MAX_LABELS
        notes.append(" | ".join(column.labels[:MAX_LABELS]) + (f" | {left_out} more" if left_out > 0 else ""))
    if not column.is_readable:
        notes.append("not readable for this role")
    if column.comment:
        notes.append(column.comment)
    return remark("; ".join(notes))


def _after_columns(relation: Relation) -> str:
    if relation.definition is not None:
        return f" AS\n{cut_definition(relation.definition)}"
    if relation.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW):
        return ";  -- its definition is not shown: somebody holds what it reads locked, or it reads what is not shown"
    parts = []
    if relation.partition_bound:
        parts.append(f" PARTITION OF {_names(relation.parents)} {relation.partition_bound}")
    elif relation.parents:
        parts.append(f" INHERITS ({_names(relation.parents)})")
    if relation.partition_key:
        parts.append(f" PARTITION BY {relation.partition_key}")
    if relation.server:
        parts.append(f" SERVER {one_line(relation.server)}")
    return "".join(parts) + ";"


def _belongings(relation: Relation) -> Iterator[str]:
    for index in relation.indexes:
        yield f"{index.definition};{'' if index.is_valid else '  -- invalid: not used until it is built anew'}"
    yield from (f"{each};" for each in relation.triggers)
    if relation.row_security:
        yield f"-- row security is {relation.row_security}: queries see the rows that the policies allow"
    for policy in relation.policies:
        using = f" USING ({policy.using})" if policy.using else ""
        check = f" WITH CHECK ({policy.check})" if policy.check else ""
        kind = "" if policy.is_permissive else " AS RESTRICTIVE"
        head = f"CREATE POLICY {one_line(policy.name)} ON {one_line(relation.quoted)}"
        yield f"{head}{kind} FOR {policy.command}{using}{check};"
    if relation.references:
        yield from _listed("referenced by", [f"{each.name} {each.definition}" for each in relation.references])
    if relation.children:
        what = "partitions" if relation.partition_key else "inherited by"
        yield from _listed(what, [f"{each.name} {each.definition or ''}".rstrip() for each in relation.children])


def _listed(what: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"-- {what} ({len(lines)}):"
    yield from (f"--   {one_line(each)}" for each in lines[:MAX_RELATIVES])
    if len(lines) > MAX_RELATIVES:
        yield f"--   and {len(lines) - MAX_RELATIVES} more"


def _names(relatives: Iterable) -> str:
    return ", ".join(one_line(each.name) for each in relatives)
