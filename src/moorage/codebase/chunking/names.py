"""From a syntax node to the definition it makes: name, kind, path, signature."""

from __future__ import annotations

import re

from tree_sitter import Node

from moorage.codebase.chunking.grammars import Roles
from moorage.codebase.chunking.models import TYPES, Symbol

SIGNATURE_LIMIT = 200
NAME_LIMIT = 100
DEPTH_LIMIT = 12  # of declarators inside declarators

_NAME_FIELDS = ("name", "declarator", "left", "pattern", "key", "property")
_SCOPE_FIELDS = ("scope", "object")
_FREE_NAME = re.compile(r"[^<].*", re.DOTALL)  # a tag without an id names nothing
_IDENTIFIER = re.compile(r"~?[^\W\d][\w?!=]*|[$#@]{0,2}[^\W\d][\w$?!=]*|operator\b.{1,20}")
_SCOPE = re.compile(r"[\w.:]{1,80}")
_RECEIVER = re.compile(r"(\w+)\s*(?:\[[^()]*\])?\s*\)$")
_BEFORE = re.compile(r"[\w\s]*")  # what may stand before a definition in its line: export, type, const
_EXPORTS = frozenset({"exports", "module.exports", "this", "self"})
_BODIES = ("body", "block", "declaration_list")
_SLICE_LIMIT = 2_000  # bytes; more is neither a name nor a signature
_VALUES = frozenset({"constant", "property", "key"})


class Namer:
    """Makes symbols of one file's nodes."""

    def __init__(self, source: bytes, roles: Roles, *, free_names: bool) -> None:
        self._source = source
        self._roles = roles
        self._free_names = free_names

    def symbol(
        self, node: Node, start: int, end: int, owner: Symbol | None, *, values: bool
    ) -> tuple[Symbol, int] | None:
        """Return the definition a node makes and the row of its name; None if it makes none after all.

        Args:
            values: whether bound values count, and not only what can be called or has members.
        """
        name_node, scope, passed = self._find_name(node)
        name = self._text_of(name_node) if name_node else None
        kind = self._kind(node, passed, owner) if name else None
        if not name or not kind or (kind in _VALUES and not values):
            return None
        assert name_node is not None
        path = ".".join(filter(None, (owner.path if owner else "", scope or self._receiver(node), name)))
        symbol = Symbol(name, kind, path, start + 1, end + 1, self._signature(node))
        return symbol, name_node.start_point.row

    def _kind(self, node: Node, passed: set[int], owner: Symbol | None) -> str | None:
        kind = self._roles.kinds.get(node.kind_id)
        refined = self._roles.refined.get(node.kind_id)
        if refined:
            passed.update(child.kind_id for child in node.children)
            kind = next((refined[number] for number in refined if number in passed), kind)
        if owner and owner.kind in TYPES:
            return {"function": "method", "constant": "property"}.get(kind or "", kind)
        return kind

    def _find_name(self, node: Node) -> tuple[Node | None, str, set[int]]:
        """Walk from a definition to its name; also what qualifies it, and the node types on the way."""
        scope, passed = "", set[int]()
        for _ in range(DEPTH_LIMIT):
            inner = self._towards_name(node)
            if inner is None:
                return node, scope, passed
            scope = self._scope(node) or scope
            passed.add(inner.kind_id)
            node = inner
        return None, scope, passed

    def _towards_name(self, node: Node) -> Node | None:
        if not node.child_count:
            return None
        for field in _NAME_FIELDS:
            if inner := node.child_by_field_name(field):
                return inner
        for child in node.named_children:
            if child.kind_id in self._roles.named_by and not _is_other_attribute(child):
                return child
        return node.child_by_field_name("type")  # last: only Rust's impl is named by its type

    def _scope(self, node: Node) -> str:
        """Return what a name is qualified with: `Foo` in `Foo::bar`, `Foo.prototype.bar = ...`."""
        scope = next(filter(None, map(node.child_by_field_name, _SCOPE_FIELDS)), None)
        text = self._slice(scope.start_byte, scope.end_byte) if scope else ""
        text = text.partition("<")[0].replace("::", ".").removesuffix(".prototype")
        return text if _SCOPE.fullmatch(text) and text not in _EXPORTS else ""

    def _receiver(self, node: Node) -> str:
        """Return the type of a Go method's receiver: `Server` in `func (s *Server[T]) Close()`."""
        receiver = node.child_by_field_name("receiver")
        found = receiver and _RECEIVER.search(self._slice(receiver.start_byte, receiver.end_byte))
        return found[1] if found else ""

    def _text_of(self, node: Node) -> str | None:
        if node.end_byte - node.start_byte > 4 * NAME_LIMIT:
            return None
        text = self._slice(node.start_byte, node.end_byte)
        if self._free_names:
            text = " ".join(text.split()).strip("\"'")[:NAME_LIMIT]
            return text if _FREE_NAME.fullmatch(text) else None
        text = text.strip("\"'").removeprefix("$")
        return text if len(text) <= NAME_LIMIT and _IDENTIFIER.fullmatch(text) else None

    def _signature(self, node: Node) -> str:
        body = _body(node)
        text = self._slice(self._start_of_line(node), body.start_byte if body else node.end_byte)
        if body is None:
            text = text.strip().partition("\n")[0]
        return " ".join(text.split())[:SIGNATURE_LIMIT].rstrip(" {=")

    def _start_of_line(self, node: Node) -> int:
        """Return where a definition starts, with the words that stand before it in its line."""
        column = node.start_point.column
        if column > NAME_LIMIT or not _BEFORE.fullmatch(
            self._slice(node.start_byte - column, node.start_byte)
        ):
            return node.start_byte
        return node.start_byte - column

    def _slice(self, start: int, end: int) -> str:
        return self._source[start : min(end, start + _SLICE_LIMIT)].decode(errors="replace")


def _is_other_attribute(node: Node) -> bool:
    return node.type == "attribute" and not (node.text or b"").startswith(b"id=")


def _body(node: Node) -> Node | None:
    """Return what follows the signature, also where it belongs to the value that is bound to a name."""
    for field in ("value", "right"):
        value = node.child_by_field_name(field)
        if value and (body := value.child_by_field_name("body")):
            return body
    if body := node.child_by_field_name("body"):
        return body
    last = node.named_children[-1] if node.named_child_count else None
    return last if last and last.type.endswith(_BODIES) else None
