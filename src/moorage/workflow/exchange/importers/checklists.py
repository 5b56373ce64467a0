"""Task lists in Markdown: `- [ ] open` and `- [x] done`; what is indented below an item is a part of it.

Source: https://github.github.com/gfm/#task-list-items-extension-
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from moorage.workflow.exchange.importers.reading import lines_of
from moorage.workflow.exchange.models import Progress, Proposal, ProposedLink, Reading
from moorage.workflow.work.models import LinkKind

TAB_COLUMNS = 4
ID_CHARACTERS = 24
_ITEM = re.compile(r"( *)(?:[-*+]|\d{1,9}[.)]) {1,4}\[([ xX])\] +(\S.*)")
_HEADING = re.compile(r" {0,3}#{1,6} +(.*?)(?: +#+)? *")


@dataclass
class _Item:
    """An item while its lines are read; `path` is its title after those of the items around it."""

    place: str
    indent: int
    is_done: bool
    path: tuple[str, ...]
    section: str
    body: list[str] = field(default_factory=list)
    external_id: str = ""


def read_checklist(text: str, *, schema_name: str | None) -> Reading:
    """Return the items; lines below an item that are indented deeper are its description.

    An item has no name of its own, so its external id follows from its title and the titles around it: an item whose
    text was changed is another one.
    """
    items, around, links = [], [], []
    section, other = "", 0
    for number, line in enumerate(lines_of(text), 1):
        line = line.expandtabs(TAB_COLUMNS)  # noqa: PLW2901 - indentation is counted in columns
        found, heading = _ITEM.fullmatch(line.rstrip()), _HEADING.fullmatch(line)
        if found:
            around = [each for each in around if each.indent < len(found[1])]
            path = (*(around[-1].path if around else ()), found[3])
            item = _Item(f"line {number}", len(found[1]), found[2] != " ", path, section)
            if around:
                links.append((item, around[-1]))
            around.append(item)
            items.append(item)
        elif heading:
            section, around = heading[1], []
        elif around and (not line.strip() or _indent(line) > around[-1].indent):
            around[-1].body.append(line)
        elif line.strip():
            other, around = other + 1, []
    _name(items)
    return Reading(
        [_proposal(each, schema_name or "task") for each in items],
        links=[ProposedLink(child.external_id, LinkKind.PARENT, parent.external_id) for child, parent in links],
        skipped=[f"{other} lines that are no part of a task list"] if other else [],
    )


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
    indent = min((_indent(line) for line in item.body if line.strip()), default=0)
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
