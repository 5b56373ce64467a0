"""What comes out of chunking."""

from __future__ import annotations

from dataclasses import dataclass

# The closed vocabulary of `Symbol.kind`, over all languages.
KINDS = frozenset(
    {
        "function",
        "method",  # a function of a class, interface, struct, enum, trait or implementation
        "class",  # also an object of Kotlin and Scala
        "interface",  # also a protocol, an annotation type, a service
        "struct",  # also a union, a record, a message
        "enum",
        "trait",
        "implementation",  # Rust's impl, an extension of a type
        "module",  # also a namespace, a package object, a database schema
        "type",  # an alias, a delegate, a concept, a type of a database
        "constant",  # a value bound at the level of the file or a module, changing or not
        "property",  # a value bound in a class: field, property, class variable
        "macro",
        "section",  # a heading and what is under it, an HTML element with an id
        "key",  # a top-level key of JSON, TOML or YAML
        "table",  # of a database, of TOML
        "view",
        "index",
        "rule",  # a rule of CSS, a target of a makefile
    }
)

# Kinds whose members belong to the outline.
SCOPES = frozenset({"class", "interface", "struct", "enum", "trait", "implementation", "module", "section"})

# Kinds whose functions are methods and whose values are properties.
TYPES = SCOPES - {"module", "section"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition.

    Attributes:
        name: the last part of `path`.
        kind: one of `KINDS`.
        path: the names of the definitions around it and its own, joined by ".".
        start_line: 1-based; the first line of the comments, decorators and attributes directly above.
        end_line: 1-based, inclusive.
        signature: the definition up to its body, in one line of at most 200 characters.
    """

    name: str
    kind: str
    path: str
    start_line: int
    end_line: int
    signature: str


def kind_within(owner: Symbol | None, kind: str) -> str:
    """Return what a kind is called as a member of its owner: a function of a class is a method."""
    if owner and owner.kind in TYPES:
        return {"function": "method", "constant": "property"}.get(kind, kind)
    return "constant" if kind == "property" else kind


@dataclass(frozen=True, slots=True)
class Chunk:
    r"""Consecutive lines of a file.

    Attributes:
        start_line: 1-based.
        end_line: 1-based, inclusive.
        content: the lines as they are, joined by "\n"; a "\r" that ends a line is dropped, and no line end closes it.
        symbol: the definition that makes up most of the chunk, or else the innermost one that all of it belongs to;
            None for what stands at the level of the file.
        names: of the definitions whose name stands in these lines, in their order.
    """

    start_line: int
    end_line: int
    content: str
    symbol: Symbol | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chunked:
    """A whole file.

    Attributes:
        chunks: in order; together every line once.
        symbols: the outline, by start_line, outer before inner. What is defined in the body of a function is listed
            only where that function was too long for one chunk.
    """

    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...]
