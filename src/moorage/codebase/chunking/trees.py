"""The reader of syntax trees: opens a node, finds the definitions in it, gives comments to what they describe."""

from __future__ import annotations

from tree_sitter import Node

from moorage.codebase.chunking.grammars import Roles
from moorage.codebase.chunking.models import SCOPES, Symbol
from moorage.codebase.chunking.names import Namer
from moorage.codebase.chunking.parts import Entry, Part

WRAPPER_DEPTH = 4  # export, declaration, decorators, definition


class TreeReader:
    """Opens the parts of one parsed file."""

    def __init__(self, roles: Roles, namer: Namer) -> None:
        self._roles = roles
        self._namer = namer

    def root(self, node: Node, last_row: int) -> Part:
        """Return the part that is the whole file."""
        return Part(0, last_row, None, [Entry(node, None, 0, opens=True)], tail=last_row)

    def open(self, part: Part, *, outline_only: bool) -> list[Part]:
        """Return the parts inside; a node of one row is opened for its definitions only."""
        inner: list[Part] = []
        for entry in part.entries:
            if entry.opens or not (outline_only or _is_one_row(entry.node)):
                inner += self._members(entry, entry.symbol or part.owner)
        return inner

    def _members(self, entry: Entry, owner: Symbol | None) -> list[Part]:
        """Return the named children of a node, each with the comments directly above it."""
        members: list[Part] = []
        comment: Part | None = None
        for node in entry.node.named_children:
            start, end = _rows(node)
            if node.kind_id in self._roles.leading:
                if members and start <= members[-1].end:  # a comment after code, in the same line
                    members[-1].end = max(members[-1].end, end)
                elif comment and start <= comment.end + 1:
                    comment.end = end
                else:
                    members += [comment] if comment else []
                    comment = Part(start, end, owner, is_comment=True)
                continue
            if comment and start <= comment.end + 1:
                start = comment.start
            elif comment:
                members.append(comment)
            comment = None
            members.append(Part(start, end, owner, [self._entry(node, start, end, owner, entry)]))
        return [*members, comment] if comment else members

    def _entry(self, node: Node, start: int, end: int, owner: Symbol | None, parent: Entry) -> Entry:
        definition = node
        if node.kind_id in self._roles.wrappers:
            definition = self._unwrapped(node)
        if self._roles.is_definition(definition.kind_id):
            found = self._namer.symbol(definition, start, end, owner, values=parent.opens)
            if found:
                symbol, name_row = found
                return Entry(definition, symbol, name_row, opens=symbol.kind in SCOPES)
        return Entry(node, None, 0, opens=parent.opens and self._holds_definitions(node))

    def _unwrapped(self, node: Node) -> Node:
        """Return the only definition in a wrapper, or the wrapper."""
        inner = node
        for _ in range(WRAPPER_DEPTH):
            inside = [child for child in inner.named_children if self._is_unwrappable(child)]
            if len(inside) != 1:
                return node
            inner = inside[0]
            if inner.kind_id not in self._roles.wrappers:
                return inner
        return node

    def _is_unwrappable(self, node: Node) -> bool:
        return node.kind_id in self._roles.wrappers or self._roles.is_definition(node.kind_id)

    def _holds_definitions(self, node: Node) -> bool:
        return node.is_error or node.kind_id in self._roles.containers or node.kind_id in self._roles.wrappers


def _rows(node: Node) -> tuple[int, int]:
    """Return the first and last row of a node; one that ends with its line end does not reach into the next row."""
    start = node.start_point[0]
    end, column = node.end_point
    return start, end if column or end == start else end - 1


def _is_one_row(node: Node) -> bool:
    start, end = _rows(node)
    return start == end
