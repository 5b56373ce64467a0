"""What a language is to the chunker: names of node types, and patterns over lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple


class Grammar(NamedTuple):
    """Where the grammar is found: the function of the module that returns its pointer."""

    module: str
    function: str = "language"


@dataclass(frozen=True, slots=True)
class Language:
    """One language as data.

    Attributes:
        name: stable and lower case; what a search filters by.
        grammar: imported when the first file of the language comes; None reads lines only.
        definitions: node type to the kind of symbol (`Symbol.kind`) it defines.
        refined: node type to {node type: kind}; the first of these that is a child, or on the way to the name, decides.
            A type that is here and not in `definitions` is a definition only with one of them.
        wrappers: node types around one definition that belong to it (`export`, decorators, `template <...>`).
        containers: node types that hold definitions without being one (bodies, `#ifdef`, `if TYPE_CHECKING`).
        leading: node types that belong to what follows on the next line (comments, attributes).
        named_by: node type to the types of its child that leads to the name, where the grammar has no field for that.
        import_call: how a bound value starts that is another file's; such a name is not a definition.
        free_names: names are text (a selector, a key, a heading) and not identifiers.
        heading: a line that opens a section, with the group `name`; `kind` (a word, see `HEADING_KINDS`) and `level`
            (its length is the depth) where the line tells. Used without a grammar and when the grammar fails.
        heading_kind: the kind of symbol of a heading without such a word.
    """

    name: str
    grammar: Grammar | None = None
    definitions: dict[str, str] = field(default_factory=dict)
    refined: dict[str, dict[str, str]] = field(default_factory=dict)
    wrappers: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset({"comment"})
    named_by: dict[str, frozenset[str]] = field(default_factory=dict)
    import_call: str = ""
    free_names: bool = False
    heading: re.Pattern[str] | None = None
    heading_kind: str = "section"


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def kinds(**node_types: str) -> dict[str, str]:
    """Turn kind="node_type node_type" into node type to kind; `klass` stands for the reserved word."""
    return {
        node_type: "class" if kind == "klass" else kind
        for kind, text in node_types.items()
        for node_type in text.split()
    }
