"""Task lists in Markdown: `- [ ] open` and `- [x] done`; what is indented below an item is a part of it.

Source: https://github.github.com/gfm/#task-list-items-extension-
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from moorage.workflow.exchange.importers.reading import lines_of, refuse_many
from moorage.workflow.exchange.models import Progress, Proposal, ProposedLink, Reading
from moorage.workflow.work.models import LinkKind

TAB_COLUMNS = 4
ID_CHARACTERS = 24
_ITEM = re.compile(r"( *)(?:[-*+]|\d{1,9}[.)]) {1,4}\[([ xX])\] +(\S.*)")
_HEADING = re.compile(r" {0,3}#{1,6} +(.*?)(?: +#+)? *")
_FENCE = re.compile(r" *(```+|~~~+).*")


@dataclass
class _Item:
    """An item while its lines are read; `path` is its title after those of the items around it."""

    place: str
    indent: int
    is_done: bool
    path: tuple[str, ...]
    section: str
    parent: _Item | None
    body: list[str] = field(default_factory=list)
    external_id: str = ""


def read_checklist(text: str, *, schema_name: str | None) -> Reading:
    """Return the items; lines below an item that are indented deeper are its description.

    An item has no name of its own, so its external id follows from its title and the titles around it: an item whose
    text was changed is another one.
    """
    reader = _Reader()
    for number, line in enumerate(lines_of(text), 1):
        reader.read(f"line {number}", line.expandtabs(TAB_COLUMNS).rstrip())
        refuse_many(len(reader.items))
    _name(reader.items)
    return Reading(
        [_proposal(each, schema_name or "task") for each in reader.items],
        links=[
            ProposedLink(each.external_id, LinkKind.PARENT, each.parent.external_id)
            for each in reader.items
            if each.parent is not None
        ],
        skipped=[f"{reader.other} lines that are no part of a task list"] if reader.other else [],
    )


class _Reader:
    """Reads line by line; `other` counts the lines that belong to no item."""

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self.other = 0
        self._around: list[_Item] = []
        self._section = ""
        self._fence = ""

    def read(self, place: str, line: str) -> None:
        fence = _FENCE.fullmatch(line)
        if self._fence or fence:  # code, whatever it looks like
            self._toggle(fence[1] if fence else "")
            self._read_text(line)
        elif found := _ITEM.fullmatch(line):
            self._read_item(place, len(found[1]), found[3], is_done=found[2] != " ")
        elif found := _HEADING.fullmatch(line):
            self._section, self._around = found[1], []
        else:
            self._read_text(line)

    def _toggle(self, fence: str) -> None:
        if not self._fence:
            self._fence = fence
        elif fence.startswith(self._fence):
            self._fence = ""

    def _read_item(self, place: str, indent: int, title: str, *, is_done: bool) -> None:
        self._around = [each for each in self._around if each.indent < indent]
        parent = self._around[-1] if self._around else None
        path = (*(parent.path if parent else ()), title)
        item = _Item(place, indent, is_done, path, self._section, parent)
        self._around.append(item)
        self.items.append(item)

    def _read_text(self, line: str) -> None:
        if self._around and (not line or _indent(line) > self._around[-1].indent):
            self._around[-1].body.append(line)
        elif line:
            self.other, self._around = self.other + 1, []


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _name(items: list[_Item]) -> None:
    """Give each item its external id; what stands there twice is counted."""
    seen: Counter[tuple[str, ...]] = Counter()
    for each in items:
        key = (each.section, *each.path)
        seen[key] += 1
        text = "\x1f".join((*key, str(seen[key])))
        each.external_id = sha256(text.encode()).hexdigest()[:ID_CHARACTERS]


def _proposal(item: _Item, schema_name: str) -> Proposal:
    indent = min((_indent(line) for line in item.body if line), default=0)
    body = "\n".join(line[indent:] for line in item.body).strip()
    return Proposal(
        place=item.place,
        external_id=item.external_id,
        schema_name=schema_name,
        title=item.path[-1],
        description=body or None,
        progress=Progress.DONE if item.is_done else Progress.OPEN,
        more={"section": item.section} if item.section else {},
    )
