"""Walking a parsed statement once, to collect what it mentions.

The walk keeps its own stack, so depth costs nothing. Parts are known by their fields rather than by the name of their
node, which libpg_query leaves out where the grammar allows one kind only. A WITH is known only where PostgreSQL would
know it: the same name elsewhere is a table.

Source: https://github.com/pganalyze/libpg_query/blob/17-latest/protobuf/pg_query.proto
"""

from __future__ import annotations

from typing import Any

from moorage.databases.policy.mentions import Attribute, Call, Mentions, Named
from moorage.databases.policy.parsing import Tree

DECIDED_BY_TEXT = frozenset({"current_setting", "pg_input_is_valid", "pg_input_error_info"})
"""Functions that are looked at with the strings they are given."""

EVERY_COLUMN = "*"
SECRET_COLUMNS = frozenset(
    {"subconninfo", "setconfig", "rolconfig", "useconfig", "fdwoptions", "srvoptions", "ftoptions", "attfdwoptions",
     "option_value"}
)  # fmt: skip
"""The only columns that are asked for by their names; whose they are is in `secrets.py`."""

_STATEMENT = "Stmt"
_OWN_TYPES = "pg_catalog"
_IMPLIED = {"BETWEEN": (">=", "<="), "NOT BETWEEN": ("<", ">"), "BETWEEN SYMMETRIC": (">=", "<="),
            "NOT BETWEEN SYMMETRIC": ("<", ">")}  # fmt: skip
_NAMES_OF_OBJECTS = ("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE",
                     "OBJECT_FOREIGN_TABLE")  # fmt: skip
_WITHIN_RELATIONS = ("OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE")

_CALLED_BEFORE = {
    "JsonArrayAgg": "json_arrayagg",
    "JsonArrayConstructor": "json_array",
    "JsonFuncExpr": "",
    "JsonObjectAgg": "json_objectagg",
    "JsonObjectConstructor": "json_object",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonTable": "json_table",
    "MergeSupportFunc": "merge_action",
}
"""Syntax of PostgreSQL 16 and 17 that older servers take for a call of a function of that name."""

_Scope = frozenset[str]


def collect(tree: Tree) -> Mentions:
    """Return everything that the statement of a tree mentions."""
    collector = _Collector()
    collector.walk(tree)
    return collector.mentions()


class _Collector:
    def __init__(self) -> None:
        self._nodes: set[str] = set()
        self._calls: set[Call] = set()
        self._attributes: set[Attribute] = set()
        self._operators: set[Named] = set()
        self._types: set[Named] = set()
        self._relations: set[Named] = set()
        self._targets: set[Named] = set()
        self._aliases: set[tuple[str, Named | None]] = set()
        self._queries: set[str] = set()
        self._columns: set[str] = set()
        self._settings: set[str] = set()
        self._has_into = self._has_lock = self._has_array = False
        self._stack: list[tuple[Any, _Scope]] = []

    def mentions(self) -> Mentions:
        return Mentions(
            nodes=frozenset(self._nodes),
            calls=frozenset(self._calls),
            attributes=frozenset(self._attributes),
            operators=frozenset(self._operators),
            types=frozenset(self._types),
            relations=frozenset(self._relations),
            targets=frozenset(self._targets),
            aliases=frozenset(self._aliases),
            queries=frozenset(self._queries),
            columns=frozenset(self._columns & {EVERY_COLUMN, *SECRET_COLUMNS, *(alias for alias, _ in self._aliases)}),
            settings=frozenset(self._settings),
            has_into=self._has_into,
            has_lock=self._has_lock,
            has_array=self._has_array,
        )

    def walk(self, tree: Tree) -> None:
        stack = self._stack
        stack.append((tree, frozenset()))
        while stack:
            node, scope = stack.pop()
            if isinstance(node, dict):
                self._visit(node, scope)
            else:
                stack.extend((each, scope) for each in node if isinstance(each, (dict, list)))

    def _visit(self, node: Tree, scope: _Scope) -> None:
        if "withClause" in node:
            scope = self._enter_with(node["withClause"], scope)
        for key, value in node.items():
            reads = _READERS.get(key)
            if reads is not None:
                reads(self, node, scope)
            elif key.endswith(_STATEMENT) and key[0].isupper():  # a field begins small
                self._nodes.add(key)
            if isinstance(value, (dict, list)) and key != "withClause":
                self._stack.append((value, scope))

    def _enter_with(self, clause: Tree, scope: _Scope) -> _Scope:
        """Put the parts of a WITH on the stack, each with the names it knows; return those that what follows knows."""
        parts = [part["CommonTableExpr"] for part in clause["ctes"]]
        names = frozenset(part["ctename"] for part in parts)
        known = scope | names if clause.get("recursive") else scope
        for part in parts:
            self._stack.append((part, known))
            known |= {part["ctename"]}
        return scope | names

    def read_relation(self, node: Tree, scope: _Scope) -> None:
        name = Named(node.get("schemaname"), node["relname"])
        alias = node.get("alias", {})
        is_with = name.schema is None and name.name in scope
        if not is_with:
            self._relations.update(Named(name.schema, each) for each in _foldings(name.name))
        shown = alias.get("aliasname", name.name)
        if is_with:
            self._queries.add(shown)
        else:
            self._aliases.add((shown, name))
        if "colnames" in alias:  # columns have other names then, and theirs may be calls
            self._columns.add(EVERY_COLUMN)
            self._aliases.add((shown, None))

    def read_target(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        """What a statement writes is a table, also where a WITH has its name."""
        target = node["relation"]
        if isinstance(target, dict) and "relname" in target:
            self._written(Named(target.get("schemaname"), target["relname"]))

    def read_targets(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        for target in node["relations"]:
            if "RangeVar" in target:
                self._written(Named(target["RangeVar"].get("schemaname"), target["RangeVar"]["relname"]))

    def _written(self, name: Named) -> None:
        self._relations.add(name)
        self._targets.add(name)

    def read_alias(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        alias = node["alias"]
        if "relname" in node or not isinstance(alias, dict):
            return
        if "subquery" in node or "jointype" in node:
            self._queries.add(alias.get("aliasname", ""))
            if "jointype" in node:  # by it columns are read as a whole, or under other names
                self._columns.add(EVERY_COLUMN)
        else:
            self._aliases.add((alias.get("aliasname", ""), None))

    def read_call(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        schema, name = _named(node["funcname"])
        arguments = node.get("args", [])
        texts = tuple(map(_text, arguments)) if name in DECIDED_BY_TEXT else ()
        uncounted = node.get("func_variadic") or node.get("agg_within_group")
        for each in _foldings(name):
            self._calls.add(Call(schema, each, None if uncounted else len(arguments), texts))

    def read_new_syntax(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        for key in _CALLED_BEFORE.keys() & node.keys():
            name = _CALLED_BEFORE[key] or node[key]["op"].removesuffix("_OP").lower()
            self._calls.add(Call(None, name))

    def read_column(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        fields = [field["String"]["sval"] if "String" in field else EVERY_COLUMN for field in node["fields"]]
        self._columns.update(fields[-2:] if fields[-1] == EVERY_COLUMN else fields[-1:])  # `t.*` can be a whole row
        if len(fields) > 1 and fields[-1] != EVERY_COLUMN:
            self._attributes.add(Attribute(fields[-2], fields[-1]))

    def read_indirection(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        if "arg" not in node:  # a target of INSERT or UPDATE: always fields of a column
            return
        column = node["arg"].get("ColumnRef", {}).get("fields", ())
        owner = column[0].get("String", {}).get("sval") if len(column) == 1 else None
        for step in node["indirection"]:
            if "String" in step:
                self._attributes.add(Attribute(owner, step["String"]["sval"], of_expression=True))
                self._columns.add(step["String"]["sval"])
            elif "A_Star" in step:
                self._columns.add(EVERY_COLUMN)
            owner = None

    def read_expression(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        if not str(node["kind"]).startswith("AEXPR_"):
            return
        schema, name = _named(node["name"])
        for each in _IMPLIED.get(name, (name,)):
            self._operators.add(Named(schema, each))

    def read_operator(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        for key in ("useOp", "operName"):
            if key in node:
                self._operators.add(_named(node[key]))

    def read_equality(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        """CASE x WHEN, IN (SELECT ...), USING and NATURAL compare without naming an operator."""
        self._operators.add(Named(None, "="))

    def read_type(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        if "typemod" not in node:
            return
        named = _named(node["names"])
        if named.schema != _OWN_TYPES:
            self._types.add(named)

    def read_setting(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        self._settings.add(node["VariableShowStmt"]["name"])
        self._nodes.add("VariableShowStmt")

    def read_objects(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        kind = node.get("removeType") or node.get("objtype")
        for each in node.get("objects") or [node.get("object", {})]:
            path = each.get("List", {}).get("items", [])
            parts = path[:-1] if kind in _WITHIN_RELATIONS else path if kind in _NAMES_OF_OBJECTS else []
            if parts:
                self._written(_named(parts))
            elif kind == "OBJECT_SCHEMA" and "String" in each:
                self._written(Named(each["String"]["sval"], EVERY_COLUMN))

    def read_renamed(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        if node.get("renameType") == "OBJECT_SCHEMA":
            self._written(Named(node["subname"], EVERY_COLUMN))

    def read_into(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        self._has_into = True

    def read_lock(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        self._has_lock = True

    def read_array(self, node: Tree, scope: _Scope) -> None:  # noqa: ARG002
        if node.get("subLinkType", "ARRAY_SUBLINK") == "ARRAY_SUBLINK":
            self._has_array = True


_READERS = {
    "relname": _Collector.read_relation,
    "relation": _Collector.read_target,
    "alias": _Collector.read_alias,
    "funcname": _Collector.read_call,
    "fields": _Collector.read_column,
    "indirection": _Collector.read_indirection,
    "kind": _Collector.read_expression,
    "useOp": _Collector.read_operator,
    "operName": _Collector.read_operator,
    "CaseExpr": _Collector.read_equality,
    "SubLink": _Collector.read_equality,
    "usingClause": _Collector.read_equality,
    "isNatural": _Collector.read_equality,
    "names": _Collector.read_type,
    "VariableShowStmt": _Collector.read_setting,
    "objects": _Collector.read_objects,
    "object": _Collector.read_objects,
    "subname": _Collector.read_renamed,
    "intoClause": _Collector.read_into,
    "lockingClause": _Collector.read_lock,
    "A_ArrayExpr": _Collector.read_array,
    "subLinkType": _Collector.read_array,
    "relations": _Collector.read_targets,
    **dict.fromkeys(_CALLED_BEFORE, _Collector.read_new_syntax),
}


def _foldings(name: str) -> tuple[str, ...]:
    """Return what a name could be: where a letter is one byte, servers fold capitals beyond ASCII too."""
    return (name,) if name.isascii() else (name, name.lower())


def _named(parts: list[Tree]) -> Named:
    """Return a name of one, two or three parts; the first of three is the database's own name."""
    words = [part["String"]["sval"] for part in parts if "String" in part]
    return Named(words[-2] if len(words) > 1 else None, words[-1])


def _text(argument: Tree) -> str | None:
    """Return a string constant; None for everything else, casts that could cut it included."""
    while "TypeCast" in argument and _is_text(argument["TypeCast"]["typeName"]):
        argument = argument["TypeCast"]["arg"]
    return argument.get("A_Const", {}).get("sval", {}).get("sval")


def _is_text(type_name: Tree) -> bool:
    return _named(type_name["names"]) in ((None, "text"), (_OWN_TYPES, "text")) and "arrayBounds" not in type_name
