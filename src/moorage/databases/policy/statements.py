"""Which statements there are: what each kind needs, and why some are taken by no policy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from moorage.databases.definitions import DATA_KINDS, Definition, StatementKind
from moorage.databases.errors import InvalidStatement, StatementRefused, WriteNotAllowed
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.parsing import Tree

_BY_STRENGTH = {kind: place for place, kind in enumerate(StatementKind)}

_KINDS = {
    "SelectStmt": StatementKind.READ,
    "VariableShowStmt": StatementKind.READ,
    "ExplainStmt": StatementKind.READ,
    "InsertStmt": StatementKind.INSERT,
    "UpdateStmt": StatementKind.UPDATE,
    "DeleteStmt": StatementKind.DELETE,
    "MergeStmt": StatementKind.MERGE,
    "TruncateStmt": StatementKind.TRUNCATE,
    **dict.fromkeys(
        (
            "AlterDomainStmt", "AlterEnumStmt", "AlterObjectSchemaStmt", "AlterSeqStmt", "AlterStatsStmt",
            "AlterTableStmt", "CommentStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateEnumStmt",
            "CreateRangeStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt", "CreateStmt",
            "CreateTableAsStmt", "DropStmt", "IndexStmt", "RefreshMatViewStmt", "RenameStmt", "ViewStmt",
        ),
        StatementKind.DDL,
    ),
}  # fmt: skip

_OBJECTS_OF_DDL = {
    f"OBJECT_{name}"
    for name in (
        "ATTRIBUTE", "COLUMN", "DOMAIN", "DOMCONSTRAINT", "INDEX", "MATVIEW", "SCHEMA", "SEQUENCE", "STATISTIC_EXT",
        "TABCONSTRAINT", "TABLE", "TYPE", "VIEW",
    )
}  # fmt: skip

_ALTERATIONS_REFUSED = re.compile(
    "AT_(ChangeOwner|.*(RowSecurity|Trig|Rule|GenericOptions|TableSpace|SetAccessMethod|.*OfType|AddOf|DropOf).*)"
)

_SESSION = "a session serves many callers, and nothing of one may meet the next"
_PROGRAM = "what a program does is not seen before it runs"
_REASONS = {
    "TransactionStmt": (
        "Control of transactions (BEGIN, COMMIT, ...)",
        "the server begins and ends the transaction of each statement",
    ),
    "VariableSetStmt": ("SET", f"{_SESSION}; limits, role and search_path are set in the definition"),
    "DiscardStmt": ("DISCARD", _SESSION),
    "PrepareStmt": ("PREPARE", f"{_SESSION}; give the values of $1, $2, ... as parameters"),
    "ExecuteStmt": ("EXECUTE", f"{_SESSION}; give the statement itself"),
    "DeallocateStmt": ("DEALLOCATE", _SESSION),
    "DeclareCursorStmt": ("DECLARE", "give the SELECT itself; an answer that was cut can be read on"),
    "FetchStmt": ("FETCH", "give the SELECT itself; an answer that was cut can be read on"),
    "ClosePortalStmt": ("CLOSE", _SESSION),
    "ListenStmt": ("LISTEN", _SESSION),
    "UnlistenStmt": ("UNLISTEN", _SESSION),
    "NotifyStmt": ("NOTIFY", "it wakes other programs"),
    "CopyStmt": ("COPY", "it reaches files and programs; SELECT gives rows, INSERT takes them"),
    "DoStmt": ("DO", _PROGRAM),
    "CallStmt": ("CALL", _PROGRAM),
    "LoadStmt": ("LOAD", "it runs code from files of the server"),
    "LockStmt": ("LOCK", "it keeps others waiting"),
    "VacuumStmt": ("VACUUM or ANALYZE", "upkeep is the operator's"),
    "ClusterStmt": ("CLUSTER", "upkeep is the operator's"),
    "ReindexStmt": ("REINDEX", "upkeep is the operator's"),
    "CheckPointStmt": ("CHECKPOINT", "upkeep is the operator's"),
    "AlterSystemStmt": ("ALTER SYSTEM", "it sets up the whole server"),
    "CreateFunctionStmt": ("CREATE FUNCTION", _PROGRAM),
    "CreateTrigStmt": ("CREATE TRIGGER", _PROGRAM),
    "RuleStmt": ("CREATE RULE", _PROGRAM),
    "CreateForeignTableStmt": ("CREATE FOREIGN TABLE", "it reaches outside the database"),
    "GrantStmt": ("GRANT or REVOKE", "rights are the operator's"),
}
_ALLOW = "The operator can allow it in the database's definition: readonly: false, and the kind under writes."


def kind_of(tree: Tree, mentions: Mentions) -> StatementKind:
    """Return the most powerful thing that a statement does.

    Raises:
        StatementRefused: it does something that no policy allows.
    """
    for node in sorted(mentions.nodes - _KINDS.keys()):
        raise _refused(node)
    if "ExplainStmt" in mentions.nodes:
        _check_explained(tree, mentions)
    if StatementKind.DDL in {_KINDS[node] for node in mentions.nodes}:
        _check_definition(tree["stmt"])
    return max(kinds_in(mentions), key=_BY_STRENGTH.__getitem__)


def kinds_in(mentions: Mentions) -> Iterator[StatementKind]:
    """Yield the kinds of everything a statement does, its WITH included; what only reads is one of them too."""
    yield from (_KINDS[node] for node in mentions.nodes)
    if mentions.has_lock:
        yield StatementKind.UPDATE
    if mentions.has_into:
        yield StatementKind.DDL


def check_allowed(mentions: Mentions, definition: Definition, *, planned_only: bool) -> None:
    """Refuse what writes where the definition does not allow these kinds of writing.

    Args:
        planned_only: it is not run; then data may be written anywhere.

    Raises:
        WriteNotAllowed: it names the kind, and those that are allowed.
    """
    allowed = {StatementKind.READ}
    if planned_only:
        allowed |= set(DATA_KINDS)
    elif not definition.readonly:
        allowed |= set(definition.writes)
    refused = set(kinds_in(mentions)) - allowed
    if refused:
        raise _not_allowed(max(refused, key=_BY_STRENGTH.__getitem__), mentions, definition)


def _not_allowed(kind: StatementKind, mentions: Mentions, definition: Definition) -> WriteNotAllowed:
    what = "SELECT ... FOR UPDATE or FOR SHARE locks rows, which counts as update" if mentions.has_lock else ""
    what = "SELECT INTO makes a table, which counts as ddl" if mentions.has_into else what
    what = what or f"the statement is of the kind {kind.value}"
    if definition.readonly:
        return WriteNotAllowed(f"{what}, and this database is only read", hint=_ALLOW, kind=kind.value)
    kinds = ", ".join(each.value for each in definition.writes) or "none"
    return WriteNotAllowed(f"{what}; kinds of writing allowed here: {kinds}", hint=_ALLOW, kind=kind.value)


def _check_explained(tree: Tree, mentions: Mentions) -> None:
    explained = tree["stmt"].get("ExplainStmt", {}).get("query", {})
    if "SelectStmt" not in explained or set(kinds_in(mentions)) != {StatementKind.READ}:
        raise StatementRefused(
            "EXPLAIN is taken of what only reads: with ANALYZE it would run the rest",
            hint="explain_query plans INSERT, UPDATE, DELETE and MERGE without running them.",
        )


def _check_definition(statement: Tree) -> None:
    """Refuse DDL about things other than tables and what belongs to them, and changes of who may do what."""
    for node in _dicts(statement):
        for key in ("removeType", "objtype", "objectType", "renameType"):
            kind = node.get(key)
            if isinstance(kind, str) and kind.startswith("OBJECT_") and kind not in _OBJECTS_OF_DDL:
                what = kind.removeprefix("OBJECT_").replace("_", " ").lower()
                raise StatementRefused(f"this changes a {what}, which is the operator's", hint=_taken())
        alteration = node.get("subtype")
        if isinstance(alteration, str) and _ALTERATIONS_REFUSED.fullmatch(alteration):
            raise StatementRefused("this changes rights, triggers or storage, which are the operator's", hint=_taken())


def _dicts(tree: Tree) -> Iterable[Tree]:
    stack: list[object] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _refused(node: str) -> StatementRefused:
    plain = re.sub("(?<=[a-z])(?=[A-Z])", " ", node.removesuffix("Stmt")).upper()
    what, reason = _REASONS.get(node, (plain, "it is not among the statements that any policy takes"))
    return StatementRefused(f"{what} is refused: {reason}", hint=_taken(), statement=what)


def _taken() -> str:
    return "Taken are SELECT, VALUES, TABLE, EXPLAIN of these and SHOW; where the definition says so, writes and DDL."


def only_one(trees: list[Tree]) -> Tree:
    """Return the tree of a text that is one statement.

    Raises:
        InvalidStatement: there are several, or none.
    """
    if len(trees) != 1:
        found = f"{len(trees)} statements" if trees else "no statement, only comments or semicolons"
        raise InvalidStatement(f"sql holds {found}; exactly one is taken", hint="Send them one by one.")
    return trees[0]
