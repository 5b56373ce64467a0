"""Lines that open a section, for languages that are read without a grammar and for files no grammar can read."""

from __future__ import annotations

import re

# The words that open a definition in most languages, to the kind of symbol they define.
HEADING_KINDS = {
    "class": "class",
    "object": "class",
    "actor": "class",
    "interface": "interface",
    "protocol": "interface",
    "struct": "struct",
    "record": "struct",
    "message": "struct",
    "enum": "enum",
    "trait": "trait",
    "mixin": "trait",
    "module": "module",
    "defmodule": "module",
    "namespace": "module",
    "package": "module",
    "impl": "implementation",
    "extension": "implementation",
    "type": "type",
    "typedef": "type",
    "macro": "macro",
    "defmacro": "macro",
    "def": "function",
    "defp": "function",
    "fn": "function",
    "fun": "function",
    "func": "function",
    "function": "function",
    "procedure": "function",
    "sub": "function",
    "rpc": "function",
    "service": "interface",
    "table": "table",
    "view": "view",
    "index": "index",
    "trigger": "function",
    "schema": "module",
}

_MODIFIER = (
    r"(?:export|default|public|private|protected|internal|open|final|sealed|static|abstract|async|override|local|pub"
    r"|data)"
)
CODE_HEADING = re.compile(
    rf"^(?P<level>[ \t]*)(?:{_MODIFIER}(?:\([\w ]*\))?\s+)*"
    r"(?P<kind>class|object|actor|interface|protocol|struct|record|message|enum|trait|mixin|module|defmodule|namespace"
    r"|impl|extension|typedef|defmacro|defp?|fn|fun|func|function|procedure|sub|rpc|service)"
    r"\s+(?P<name>[A-Za-z_$][\w$.:-]*)"
)
SQL_HEADING = re.compile(
    r"^(?P<level>)create\s+(?:or\s+(?:replace|alter)\s+)?(?:(?:global|local|temp|temporary|unlogged|unique|materialized|external"
    r"|constraint)\s+)*(?P<kind>table|view|index|function|procedure|trigger|type|schema|package)\s+(?:body\s+)?"
    r"(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`\[\]$]+)",
    re.IGNORECASE,
)
MARKDOWN_HEADING = re.compile(r"^ {0,3}(?P<level>#{1,6})[ \t]+(?P<name>.*?)[ \t]*#*[ \t]*$")
KEY_HEADING = re.compile(r"^(?P<level>)(?P<name>[\"']?[^\s#\"'{}\[\]&*!|>%@`,:-][^#\"'{}\[\]:]{0,99}[\"']?):(?:\s|$)")
SECTION_HEADING = re.compile(r"^(?P<level>)\[(?P<name>[^\]]{1,100})\][ \t]*$")
TARGET_HEADING = re.compile(r"^(?P<level>)(?P<name>[\w./%$(){}-][^:=#\s]{0,99})\s*:(?![=:])")
