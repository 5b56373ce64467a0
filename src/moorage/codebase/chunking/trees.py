"""The reader of syntax trees: opens a node, finds the definitions in it, gives comments to what they describe."""

from __future__ import annotations

from tree_sitter import Node

from moorage.codebase.chunking.grammars import CONTAINER, DEFINITION, LEADING, WRAPPER, Roles
from moorage.codebase.chunking.models import SCOPES, Symbol
from moorage.codebase.chunking.names import Namer
from moorage.codebase.chunking.parts import Entry, Part

WRAPPER_DEPTH = 4  # export, declaration, decorators, definition


class TreeReader:
    """Opens the parts of one parsed file."""

    def __init__(self, roles: Roles, namer: Namer, long_rows: frozenset[int]) -> None:
        """Make a reader.

        Args:
            long_rows: rows that nobody reads; what begins there is not outlined. A minified line may hold a hundred
                thousand definitions.
        """
        self._roles = roles
        self._namer = namer
        self._long_rows = long_rows

    def root(self, node: Node, last_row: int) -> Part:
        """Return the part that is the whole file."""
        return Part(0, last_row, None, [Entry(node, opens=True)], tail=last_row)

    def open(self, part: Part, *, outline_only: bool) -> list[Part]:
        """Return the parts inside; a node of one row is opened for its definitions only."""
        inner: list[Part] = []
        for entry in part.entries:
            if entry.opens or not (outline_only or _is_one_row(entry.node)):
                inner += self._members(entry, entry.symbol or part.owner, outline_only=outline_only)
        return inner

    def _members(self, parent: Entry, owner: Symbol | None, *, outline_only: bool) -> list[Part]:
        """Return the named children of a node, each with the comments directly above it.

        Left out are nodes in a row that is taken already, and for an outline everything that is nothing to it.
        """
        members: list[Part] = []
        comment: Part | None = None
        taken = -1
        for node in parent.node.named_children:
            start, end = _rows(node)
            role = 0 if start in self._long_rows else self._roles.of.get(node.kind_id, 0)
            if role & LEADING:
                if start > taken:  # otherwise it stands after code, in the same line
                    comment = _collected(members, comment, Part(start, end, owner, is_comment=True))
                continue
            if comment and start > comment.end + 1:
                members.append(comment)
            elif comment:
                start = comment.start
            comment = None
            if role or not (outline_only or end <= taken):
                entry = self._entry(node, role, Part(start, end, owner), parent) if role else Entry(node)
                members.append(Part(start, end, owner, [entry]))
            taken = max(taken, end)
        return [*members, comment] if comment else members

    def _entry(self, node: Node, role: int, place: Part, parent: Entry) -> Entry:
        definition = self._unwrapped(node) if role & WRAPPER else node
        if definition is not node or role & DEFINITION:
            found = self._namer.symbol(definition, place, values=parent.opens, wrapped=definition is not node)
            if found:
                symbol, name_row = found
                return Entry(definition, symbol, name_row, opens=symbol.kind in SCOPES)
        return Entry(node, opens=parent.opens and role & (CONTAINER | WRAPPER) > 0)

    def _unwrapped(self, node: Node) -> Node:
        """Return the only definition in a wrapper, or the wrapper."""
        role_of = self._roles.of.get
        inner = node
        for _ in range(WRAPPER_DEPTH):
            roles = [(child, role_of(child.kind_id, 0)) for child in inner.named_children]
            inside = [(child, role) for child, role in roles if role & (WRAPPER | DEFINITION)]
            if len(inside) != 1:
                return node
            inner, role = inside[0]
            if role & DEFINITION:
                return inner
        return node


def _collected(members: list[Part], comment: Part | None, further: Part) -> Part:
    """Return the comment that waits for what it describes; one that a blank line ends goes to the members."""
    if comment is None:
        return further
    if further.start > comment.end + 1:
        members.append(comment)
        return further
    comment.end = further.end
    return comment


def _rows(node: Node) -> tuple[int, int]:
    """Return the first and last row of a node; one that ends with its line end does not reach into the next row."""
    start = node.start_point[0]
    end, column = node.end_point
    return start, end if column or end == start else end - 1


def _is_one_row(node: Node) -> bool:
    start, end = _rows(node)
    return start == end
