"""Where files are cut, and what they are said to define."""

from __future__ import annotations

import subprocess
import sys
from time import process_time

import pytest

from moorage.codebase.chunking import Chunked, chunk_file
from moorage.codebase.languages import LANGUAGES, PLAIN_TEXT, language_of
from tests.unit.codebase.language_samples import SAMPLES

PYTHON = LANGUAGES["python"]


def outline(chunked: Chunked) -> list[str]:
    return [f"{each.start_line}-{each.end_line} {each.kind} {each.path}" for each in chunked.symbols]


def borders(chunked: Chunked) -> list[str]:
    return [
        f"{each.start_line}-{each.end_line} {each.symbol.path if each.symbol else '-'}: {' '.join(each.names)}".rstrip()
        for each in chunked.chunks
    ]


def lines(chunked: Chunked) -> list[tuple[int, int]]:
    return [(each.start_line, each.end_line) for each in chunked.chunks]


def function(name: str, statements: int) -> str:
    return f"def {name}():\n" + "".join(f"    step({number})\n" for number in range(statements))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_outlined(name: str):
    sample = SAMPLES[name]
    assert outline(chunk_file(sample.text, language_of(sample.path), max_lines=12)) == sample.outline


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_cut_along_its_definitions(name: str):
    sample = SAMPLES[name]
    assert borders(chunk_file(sample.text, language_of(sample.path), max_lines=12)) == sample.chunks


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_of_the_language_it_stands_for(name: str):
    assert language_of(SAMPLES[name].path).name == name


def test_every_language_with_a_grammar_has_a_sample():
    assert {language.name for language in LANGUAGES.values() if language.grammar} <= set(SAMPLES)


def test_empty_text_has_no_chunks():
    assert chunk_file("", PYTHON) == Chunked((), ())


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("\n", [""]),
        ("a\n\n", ["a\n"]),
        ("a\r\nb\r\n", ["a\nb"]),
        ("a\rb\n", ["a\rb"]),
        ("a\r\r\nb", ["a\r\nb"]),
        ("a\fb\x85c\u2028d\0e", ["a\fb\x85c\u2028d\0e"]),
        ("\ufeffa\n", ["\ufeffa"]),
        ("\ud800\n", ["\ud800"]),
    ],
)
def test_lines_end_at_line_feeds_and_nowhere_else(text: str, contents: list[str]):
    assert [chunk.content for chunk in chunk_file(text, PYTHON).chunks] == contents


def test_a_short_file_is_one_chunk_of_its_own_definitions():
    [chunk] = chunk_file("import os\n\n\n" + function("go", 3), PYTHON).chunks
    assert (chunk.start_line, chunk.end_line, chunk.symbol, chunk.names) == (1, 7, None, ("go",))


def test_definitions_of_some_length_stand_alone():
    text = function("first", 6) + "\n\n" + function("second", 6) * 1
    text += "".join(f"\n\nLIMIT_{number} = {number}" for number in range(20))
    assert borders(chunk_file(text, PYTHON))[:2] == ["1-9 first: first", "10-18 second: second"]


def test_a_long_function_is_divided_evenly_between_its_statements():
    chunked = chunk_file(function("go", 99), PYTHON)
    assert lines(chunked) == [(1, 34), (35, 68), (69, 100)]
    assert [chunk.symbol and chunk.symbol.path for chunk in chunked.chunks] == ["go"] * 3
    assert [chunk.names for chunk in chunked.chunks] == [("go",), (), ()]


def test_a_statement_is_not_torn_where_there_is_another_border():
    block = "    if step():\n" + "        pass\n" * 14
    assert lines(chunk_file("def go():\n" + block * 4, PYTHON)) == [(1, 31), (32, 61)]


def test_a_long_class_is_its_head_and_its_methods():
    method = "    " + function("{}", 8).replace("\n", "\n    ").rstrip(" ")
    text = 'class Boat:\n    """Floats."""\n\n    size = 3\n\n'
    text += "\n".join(method.replace("{}", name) for name in ("row", "sail", "sink", "dock", "moor"))
    chunked = chunk_file(text, PYTHON)
    assert borders(chunked)[:3] == ["1-5 Boat: Boat size", "6-15 Boat.row: row", "16-25 Boat.sail: sail"]
    assert outline(chunked)[:3] == ["1-54 class Boat", "4-4 property Boat.size", "6-14 method Boat.row"]


def test_comments_and_decorators_directly_above_belong_to_the_definition():
    text = "x = 1\n# About go.\n@slow\n@loud\n" + function("go", 3)
    assert outline(chunk_file(text, PYTHON)) == ["1-1 constant x", "2-8 function go"]


def test_a_comment_after_code_belongs_to_its_line():
    text = "x = 1  # one\ny = 2\n"
    assert outline(chunk_file(text, PYTHON)) == ["1-1 constant x", "2-2 constant y"]


def test_a_comment_above_a_blank_line_shares_the_chunk_but_not_the_symbol():
    javascript = "/**\n * Sails.\n * @public\n * @since 1\n */\n\napp.sail = function () {\n"
    javascript += "  step();\n" * 7 + "};\n"
    chunked = chunk_file("start();\n" * 6 + javascript, LANGUAGES["javascript"], max_lines=15)
    assert borders(chunked) == ["1-6 -:", "7-21 app.sail: sail"]
    assert outline(chunked) == ["13-21 method app.sail"]


def test_a_signature_is_the_definition_up_to_its_body_in_one_line():
    text = "def go(\n    here: str,\n    there: str = 'x',\n) -> None:  # soon\n    pass\n"
    assert chunk_file(text, PYTHON).symbols[0].signature == "def go( here: str, there: str = 'x', ) -> None:"


def test_a_signature_is_cut_at_200_characters():
    text = f"def go({', '.join(f'name_{number}' for number in range(100))}): pass\n"
    assert len(chunk_file(text, PYTHON).symbols[0].signature) == 200


def test_what_a_long_function_defines_is_outlined():
    text = 'describe("boats", () => {\n' + "function row() {\n  step();\n}\nlet speed = 1;\n" * 20 + "});\n"
    assert outline(chunk_file(text, LANGUAGES["javascript"]))[:2] == ["2-4 function row", "6-8 function row"]


def test_imported_values_are_not_definitions():
    text = 'const http = require("http");\nconst limit = 3;\n'
    assert outline(chunk_file(text, LANGUAGES["javascript"])) == ["2-2 constant limit"]


def test_keys_of_records_are_not_definitions():
    text = "[\n" + ",\n".join('{\n"id": 1,\n"name": 2\n}' for _ in range(30)) + "\n]\n"
    assert outline(chunk_file(text, LANGUAGES["json"])) == []


def test_a_single_long_line_is_one_chunk():
    text = "a\n" + "x" * 10_000 + "\nb\n"
    assert lines(chunk_file(text, PLAIN_TEXT, max_chars=100)) == [(1, 1), (2, 2), (3, 3)]


def test_a_minified_line_is_one_chunk_and_not_outlined():
    text = "// Licence\n" + "function f(){}" * 1_000 + "\n"
    chunked = chunk_file(text, LANGUAGES["javascript"])
    assert (lines(chunked), chunked.symbols) == ([(1, 1), (2, 2)], ())


def test_chunks_keep_to_the_limit_of_characters():
    chunked = chunk_file(function("go", 30), PYTHON, max_chars=200)
    assert max(len(chunk.content) for chunk in chunked.chunks) <= 200


def test_plain_text_is_cut_at_blank_lines():
    text = "\n\n".join("\n".join(["words"] * 14) for _ in range(4))
    assert lines(chunk_file(text, PLAIN_TEXT)) == [(1, 30), (31, 59)]


def test_text_without_blank_lines_is_cut_evenly():
    assert lines(chunk_file("words\n" * 90, PLAIN_TEXT)) == [(1, 30), (31, 60), (61, 90)]


def test_a_file_that_is_mostly_errors_is_outlined_by_its_lines():
    text = "class Boat {{{ ((( [[[\n  def row(\n" + ")}] ((\n" * 20
    assert outline(chunk_file(text, PYTHON)) == ["1-22 class Boat", "2-22 method Boat.row"]


def test_a_language_without_a_grammar_is_outlined_by_its_lines():
    text = "local x = 1\n\nfunction M.row(a)\n  step()\nend\n\nlocal function sail()\nend\n"
    assert outline(chunk_file(text, LANGUAGES["lua"])) == ["3-6 function M.row", "7-8 function sail"]


def test_headings_in_fenced_code_are_none():
    text = "# Boats\n\n````\n```\n# no\n````\n\n## Rowing\n"
    assert outline(chunk_file(text, LANGUAGES["markdown"])) == ["1-8 section Boats", "8-8 section Boats.Rowing"]


@pytest.mark.parametrize("name", ["python", "javascript", "json", "cpp", "kotlin", "text"])
@pytest.mark.parametrize(
    "text",
    ["[" * 10_000, "[" * 10_000 + "]" * 10_000, "[\n" * 10_000 + "]\n" * 10_000, "|" * 10_000 + "\n" + "|-" * 10_000],
    ids=["open", "closed", "closed over lines", "lost"],
)
def test_ten_thousand_brackets_are_read_in_bounded_time(name: str, text: str):
    before = process_time()
    chunked = chunk_file(text, LANGUAGES[name])
    assert sum(end - start + 1 for start, end in lines(chunked)) == text.removesuffix("\n").count("\n") + 1
    assert process_time() - before < 5


def test_a_nest_of_classes_does_not_recurse():
    depth = 3_000
    text = "class A {\n" * depth + "}\n" * depth
    assert len(chunk_file(text, LANGUAGES["java"]).symbols) == depth


def test_a_deeply_nested_mapping_does_not_end_the_process():
    text = "\n".join(" " * depth + "a:" for depth in range(1_500))
    assert outline(chunk_file(text, LANGUAGES["yaml"])) == ["1-1500 key a"]


def test_a_grammar_is_imported_when_a_file_of_its_language_comes():
    script = (
        "import sys; from moorage.codebase.chunking import chunk_file\n"
        "from moorage.codebase.languages import language_of\n"
        "grammars = lambda: [name for name in sys.modules if name.startswith('tree_sitter_') and '.' not in name]\n"
        "assert not grammars()\n"
        "chunk_file('x = 1', language_of('a.py'))\n"
        "assert grammars() == ['tree_sitter_python'], grammars()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
