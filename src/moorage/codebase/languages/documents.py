"""Markup, configuration and statements: languages whose symbols are sections, keys, rules and tables."""

from __future__ import annotations

import re

from moorage.codebase.languages.headings import (
    KEY_HEADING,
    MARKDOWN_HEADING,
    SECTION_HEADING,
    SQL_HEADING,
    TARGET_HEADING,
)
from moorage.codebase.languages.language import Grammar, Language, kinds, words

SQL = Language(
    "sql",
    Grammar("tree_sitter_sql"),
    definitions=kinds(
        table="create_table",
        view="create_view create_materialized_view",
        index="create_index",
        function="create_function create_trigger",
        type="create_type",
        module="create_schema",
    ),
    wrappers=words("statement"),
    containers=words("transaction"),
    leading=words("comment marginalia"),
    named_by=dict.fromkeys(
        ["create_table", "create_view", "create_materialized_view", "create_function", "create_trigger", "create_type"],
        words("object_reference"),
    )
    | {"create_index": words("identifier"), "create_schema": words("identifier")},
    heading=SQL_HEADING,
)
HTML = Language(
    "html",
    Grammar("tree_sitter_html"),
    definitions=kinds(section="element"),
    named_by={
        "element": words("start_tag"),
        "start_tag": words("attribute"),
        "attribute": words("quoted_attribute_value attribute_value"),
    },
    free_names=True,
)
CSS = Language(
    "css",
    Grammar("tree_sitter_css"),
    definitions=kinds(rule="rule_set keyframes_statement"),
    containers=words("block media_statement supports_statement at_rule"),
    leading=words("comment js_comment"),
    named_by={"rule_set": words("selectors"), "keyframes_statement": words("keyframes_name")},
    free_names=True,
    heading=re.compile(r"^(?P<level>)(?P<name>[.#@:%\w&*][^{};]{0,99}?)\s*\{"),
    heading_kind="rule",
)
JSON = Language(
    "json",
    Grammar("tree_sitter_json"),
    definitions=kinds(key="pair"),
    containers=words("object"),
    free_names=True,
)
TOML = Language(
    "toml",
    Grammar("tree_sitter_toml"),
    definitions=kinds(table="table table_array_element", key="pair"),
    named_by=dict.fromkeys(["table", "table_array_element", "pair"], words("bare_key dotted_key quoted_key")),
    free_names=True,
    heading=SECTION_HEADING,
    heading_kind="table",
)
# Without the grammars that exist. That of YAML (0.7.2) ends the process on a mapping nested 1,500 levels deep; that of
# Markdown (0.5.4) reads 3 MB/s, and both say little more than the start of a line does.
YAML = Language("yaml", free_names=True, heading=KEY_HEADING, heading_kind="key")
MARKDOWN = Language("markdown", free_names=True, heading=MARKDOWN_HEADING)
INI = Language("ini", free_names=True, heading=SECTION_HEADING)
MAKEFILE = Language("makefile", free_names=True, heading=TARGET_HEADING, heading_kind="rule")
DOCKERFILE = Language(
    "dockerfile",
    free_names=True,
    heading=re.compile(r"^(?P<level>)FROM\s+\S+\s+AS\s+(?P<name>[\w.-]+)", re.IGNORECASE),
)
TERRAFORM = Language(
    "terraform",
    free_names=True,
    heading=re.compile(r"^(?P<level>)(?P<name>[a-z]\w*(?:[ \t]+\"[^\"\n]{1,80}\"){0,3})[ \t]*\{"),
)
