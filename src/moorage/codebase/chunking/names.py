"""From a syntax node to the definition it makes: name, kind, path, signature."""

from __future__ import annotations

import re

from tree_sitter import Node

from moorage.codebase.chunking.grammars import LEADING, Roles
from moorage.codebase.chunking.models import Symbol, kind_within
from moorage.codebase.chunking.parts import Part
from moorage.codebase.languages import Language

SIGNATURE_LIMIT = 200
NAME_LIMIT = 100
DEPTH_LIMIT = 12  # of declarators inside declarators

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

    def __init__(self, source: bytes, roles: Roles, language: Language) -> None:
        self._source = source
        self._roles = roles
        self._free_names = language.free_names
        self._import_call = language.import_call.encode()

    def symbol(self, node: Node, place: Part, *, values: bool, wrapped: bool) -> tuple[Symbol, int] | None:
        """Return the definition a node makes and the row of its name; None if it makes none after all.

        Args:
            node: of a type that may be a definition.
            place: the rows it takes with its comments and wrappers, and its owner.
            values: whether bound values count, and not only what can be called or has members.
            wrapped: words that belong to it stand before it (`export`, `const`).
        """
        owner = place.owner
        if not values and self._is_value(node):
            return None
        name_node, scope, passed = self._find_name(node)
        name = self._text_of(name_node)
        scope = scope or self._receiver(node)
        kind = self._kind(node, passed, owner, is_qualified=bool(scope)) if name else ""
        if not kind or (kind in _VALUES and (not values or self._is_import(node))):
            return None
        if not values and self._roles.kinds.get(node.kind_id) in _VALUES and self._body(node) is None:
            return None  # a C++ variable made with arguments looks like a prototype
        path = ".".join(filter(None, (owner.path if owner else "", scope, name)))
        symbol = Symbol(name, kind, path, place.start + 1, place.end + 1, self._signature(node, wrapped=wrapped))
        return symbol, name_node.start_point[0]

    def _is_value(self, node: Node) -> bool:
        """Tell whether a node binds a value whatever is in it; a quick answer for the many that do."""
        roles = self._roles
        return roles.kinds.get(node.kind_id) in _VALUES and node.kind_id not in roles.refined

    def _is_import(self, node: Node) -> bool:
        value = node.child_by_field_id(self._roles.field("value")) if self._import_call else None
        return value is not None and self._source.startswith(self._import_call, value.start_byte)

    def _kind(self, node: Node, passed: set[int], owner: Symbol | None, *, is_qualified: bool) -> str:
        kind = self._roles.kinds.get(node.kind_id, "")
        refined = self._roles.refined.get(node.kind_id)
        if refined:
            passed.update(child.kind_id for child in node.children)
            kind = next((refined[number] for number in refined if number in passed), kind)
        return "method" if is_qualified and kind == "function" else kind_within(owner, kind)

    def _find_name(self, node: Node) -> tuple[Node, str, set[int]]:
        """Walk from a definition to its name; also what qualifies it, and the node types on the way."""
        scope, passed = "", set[int]()
        for _ in range(DEPTH_LIMIT):
            inner = self._towards_name(node)
            if inner is None:
                break
            scope = self._scope(node) or scope
            passed.add(inner.kind_id)
            node = inner
        return node, scope, passed

    def _towards_name(self, node: Node) -> Node | None:
        if not node.child_count:
            return None
        for field in self._roles.name_fields:
            if inner := node.child_by_field_id(field):
                return inner
        steps = self._roles.named_by.get(node.kind_id, ())
        for child in node.named_children if steps else ():
            if child.kind_id in steps and not self._is_other_attribute(child):
                return child
        return node.child_by_field_id(self._roles.field("type"))  # last: only Rust's impl is named by its type

    def _is_other_attribute(self, node: Node) -> bool:
        return node.type == "attribute" and not self._source.startswith(b"id=", node.start_byte)

    def _scope(self, node: Node) -> str:
        """Return what a name is qualified with: `Foo` in `Foo::bar`, `Foo.prototype.bar = ...`."""
        scope = next(filter(None, map(node.child_by_field_id, self._roles.scope_fields)), None)
        if scope is None:
            return ""
        text = self._slice(scope.start_byte, scope.end_byte)
        text = text.partition("<")[0].replace("::", ".").removesuffix(".prototype")
        return text if _SCOPE.fullmatch(text) and text not in _EXPORTS else ""

    def _receiver(self, node: Node) -> str:
        """Return the type of a Go method's receiver: `Server` in `func (s *Server[T]) Close()`."""
        receiver = node.child_by_field_id(self._roles.field("receiver"))
        found = receiver and _RECEIVER.search(self._slice(receiver.start_byte, receiver.end_byte))
        return found[1] if found else ""

    def _text_of(self, node: Node) -> str:
        """Return a name as it is written down; "" for what is no name, such as a pattern or an element of a list."""
        if node.end_byte - node.start_byte > 4 * NAME_LIMIT:
            return ""
        text = self._slice(node.start_byte, node.end_byte)
        if self._free_names:
            text = " ".join(text.split()).strip("\"'")[:NAME_LIMIT]
            return text if _FREE_NAME.fullmatch(text) else ""
        text = text.strip("\"'").removeprefix("$")
        return text if len(text) <= NAME_LIMIT and _IDENTIFIER.fullmatch(text) else ""

    def _signature(self, node: Node, *, wrapped: bool) -> str:
        body = self._body(node)
        start = self._start_of_line(node) if wrapped else node.start_byte
        text = self._slice(start, self._end_of_signature(node, body) if body else node.end_byte)
        if body is None:
            text = text.strip().partition("\n")[0]
        return " ".join(text.split())[:SIGNATURE_LIMIT].rstrip(" {([=")

    def _end_of_signature(self, node: Node, body: Node) -> int:
        """Return where the body starts, or the comments between the signature and it."""
        end = body.start_byte
        for child in reversed(node.named_children):
            if child.start_byte < end:
                if not self._roles.of.get(child.kind_id, 0) & LEADING:
                    break
                end = child.start_byte
        return end

    def _body(self, node: Node) -> Node | None:
        """Return what follows the signature, also where it belongs to the value that is bound to a name."""
        body = self._roles.field("body")
        for field in self._roles.value_fields:
            value = node.child_by_field_id(field)
            if value and (found := value.child_by_field_id(body)):
                return found
        if found := node.child_by_field_id(body):
            return found
        last = node.named_children[-1] if node.named_child_count else None
        return last if last and last.type.endswith(_BODIES) else None

    def _start_of_line(self, node: Node) -> int:
        """Return where a definition starts, with the words that stand before it in its line."""
        column = node.start_point.column
        if column > NAME_LIMIT or not _BEFORE.fullmatch(self._slice(node.start_byte - column, node.start_byte)):
            return node.start_byte
        return node.start_byte - column

    def _slice(self, start: int, end: int) -> str:
        return self._source[start : min(end, start + _SLICE_LIMIT)].decode(errors="replace")
