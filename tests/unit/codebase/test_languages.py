"""Which language a file is in."""

from __future__ import annotations

import pickle

import pytest

from moorage.codebase.chunking import KINDS
from moorage.codebase.chunking.grammars import known_node_types
from moorage.codebase.languages import LANGUAGES, PLAIN_TEXT, language_of
from moorage.codebase.languages.headings import HEADING_KINDS


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/app.py", "python"),
        ("stubs/app.pyi", "python"),
        ("a/b.mjs", "javascript"),
        ("a/b.ts", "typescript"),
        ("a/b.d.ts", "typescript"),
        ("a/b.tsx", "tsx"),
        ("include/list.h", "cpp"),
        ("A.CS", "csharp"),
        ("README.md", "markdown"),
        ("Makefile", "makefile"),
        ("docker/Dockerfile.dev", "dockerfile"),
        ("Gemfile", "ruby"),
        ("uv.lock", "toml"),
        (".bashrc", "bash"),
        ("Package.swift", "swift"),
        ("main.tf", "terraform"),
    ],
)
def test_the_name_of_a_file_tells_its_language(path: str, name: str):
    assert language_of(path).name == name


@pytest.mark.parametrize(
    ("first_line", "name"),
    [
        ("#!/bin/sh", "bash"),
        ("#!/usr/bin/env python3", "python"),
        ("#!/usr/bin/env -S node --harmony", "javascript"),
        ("\ufeff#!/usr/bin/ruby -w", "ruby"),
        ("#! /usr/bin/perl", "perl"),
    ],
)
def test_the_interpreter_tells_the_language_of_a_file_without_a_suffix(first_line: str, name: str):
    assert language_of("bin/tool", first_line).name == name


@pytest.mark.parametrize("path", ["LICENSE", "notes.txt", "a.unknown", "", ".", "/"])
def test_anything_else_is_plain_text(path: str):
    assert language_of(path, "Apache License") is PLAIN_TEXT


def test_the_name_of_a_file_counts_more_than_its_first_line():
    assert language_of("tool.py", "#!/bin/sh").name == "python"


def test_names_are_lower_case_and_stable():
    assert all(name == language.name == name.lower() for name, language in LANGUAGES.items())


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_table_names_only_node_types_that_its_grammar_has(language):
    named = {
        *language.definitions,
        *language.refined,
        *(child for kinds in language.refined.values() for child in kinds),
        *language.wrappers,
        *language.containers,
        *language.leading,
        *language.named_by,
        *(child for children in language.named_by.values() for child in children),
    }
    assert language.grammar is None or named == known_node_types(language, named)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_table_uses_only_kinds_of_the_vocabulary(language):
    refined = {kind for kinds in language.refined.values() for kind in kinds.values()}
    assert {*language.definitions.values(), *refined, language.heading_kind} <= KINDS


def test_words_of_headings_use_only_kinds_of_the_vocabulary():
    assert set(HEADING_KINDS.values()) <= KINDS


def test_a_language_travels_to_another_process():
    assert pickle.loads(pickle.dumps(LANGUAGES["python"])) == LANGUAGES["python"]
