"""The reader of lines: headings open sections, and a section reaches to the next heading of its level."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from moorage.codebase.chunking.models import Symbol, kind_within
from moorage.codebase.chunking.names import NAME_LIMIT, SIGNATURE_LIMIT
from moorage.codebase.chunking.parts import Entry, Part
from moorage.codebase.languages import Language
from moorage.codebase.languages.headings import HEADING_KINDS

# Longer lines are no headings; it also bounds what a pattern may cost.
HEADING_LIMIT = 300
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r"^(?:=+|-+)[ \t]*$")


@dataclass(slots=True, eq=False)
class Section:
    """A heading and the rows under it."""

    row: int
    end: int
    level: int
    name: str
    kind: str
    inner: list[Section] = field(default_factory=list)


class SectionReader:
    """Opens the parts of one file along its headings; without any, nothing has structure."""

    def __init__(self, rows: list[str], language: Language) -> None:
        self._rows = rows
        self._whole = Section(0, len(rows) - 1, -1, "", "section")
        self._nest(_headings(rows, language))

    def root(self) -> Part:
        """Return the part that is the whole file."""
        last = self._whole.end
        return Part(0, last, None, [Entry(self._whole, opens=True)], tail=last)

    def open(self, part: Part, *, outline_only: bool) -> list[Part]:  # noqa: ARG002 - all sections are in the outline
        """Return the sections directly inside."""
        return [
            self._part(section, entry.symbol or part.owner) for entry in part.entries for section in entry.node.inner
        ]

    def _part(self, section: Section, owner: Symbol | None) -> Part:
        path = f"{owner.path}.{section.name}" if owner else section.name
        signature = " ".join(self._rows[section.row].split())[:SIGNATURE_LIMIT].rstrip(" {=")
        kind = kind_within(owner, section.kind)
        symbol = Symbol(section.name, kind, path, section.row + 1, section.end + 1, signature)
        return Part(section.row, section.end, owner, [Entry(section, symbol, section.row, opens=True)])

    def _nest(self, headings: list[Section]) -> None:
        open_sections = [self._whole]
        for section in headings:
            while open_sections[-1].level >= section.level:
                open_sections.pop().end = section.row - 1
            section.end = self._whole.end
            open_sections[-1].inner.append(section)
            open_sections.append(section)


def _headings(rows: list[str], language: Language) -> list[Section]:
    if language.heading is None:
        return []
    if language.name == "markdown":
        return _markdown_headings(rows, language.heading)
    return [
        _section(row, found, language.heading_kind)
        for row, line in enumerate(rows)
        if len(line) <= HEADING_LIMIT and (found := language.heading.match(line))
    ]


def _section(row: int, found: re.Match[str], kind: str) -> Section:
    groups = found.groupdict()
    word = groups.get("kind")
    name = found["name"].strip("\"'`[] ")[:NAME_LIMIT] or "section"
    return Section(row, row, len(found["level"]), name, HEADING_KINDS[word.lower()] if word else kind)


def _markdown_headings(rows: list[str], heading: re.Pattern[str]) -> list[Section]:
    """Find headings marked by # or underlined, outside fenced code.

    Source: https://spec.commonmark.org/0.31.2/#leaf-blocks
    """
    headings: list[Section] = []
    fence = ""
    for row, line in enumerate(rows):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line[mark.end() :].strip()
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif len(line) <= HEADING_LIMIT and (found := heading.match(line)):
            headings.append(_section(row, found, "section"))
        elif _UNDERLINE.match(line) and _is_paragraph(rows, row - 1):
            level = 1 if line[0] == "=" else 2
            headings.append(Section(row - 1, row - 1, level, rows[row - 1].strip()[:NAME_LIMIT], "section"))
    return headings


def _is_paragraph(rows: list[str], row: int) -> bool:
    """Tell whether a row may be a heading's text: not blank, and not of a list, a quote, a table or front matter."""
    line = rows[row] if row >= 0 else ""
    return bool(line.strip()) and len(line) <= HEADING_LIMIT and not re.match(r"^(?: {4}|\t|\s*[-*+>|#]|.*:\s)", line)
