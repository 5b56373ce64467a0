"""The documents say what is so."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from typer.exceptions import TyperException
from typer.main import get_command

import moorage
from moorage.cli import app
from moorage.reference import examples, pages, walk_commands
from moorage.settings import load_settings, setting_rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
COMMAND: Any = get_command(app)
REFERENCE = pages(COMMAND)
EXAMPLES = [(name, line) for name, command in walk_commands(COMMAND) for line in examples(command)]

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_PATH = re.compile(r"`((?:src|tests|docs|benchmarks)/[\w./*-]+)`")
_ROW = re.compile(r"^\| (?P<id>[1-5]\.\d+) \|(?P<rest>.*)\|$", re.MULTILINE)
STATUSES = {"kept", "improved", "changed", "not yet"}


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_a_reference_page_is_what_the_code_says(name: str):
    """`task docs` writes them again; it holds every tool, command, setting and error code."""
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == REFERENCE[name]


def test_the_reference_is_written_by_one_command(tmp_path: Path):
    command = [sys.executable, "-m", "moorage.reference", str(tmp_path / "new")]
    subprocess.run(command, check=True, timeout=60)
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == sorted(REFERENCE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_somewhere(page: Path):
    assert [link for link in _links(page) if not _leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path):
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not list(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_of_help_is_a_call_of_its_command(name: str, line: str):
    words = shlex.split(line)
    path = name.split()
    assert words[: len(path)] == path
    command = _command(path)
    with command.make_context(name, words[len(path) :], resilient_parsing=False):
        pass


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_moorage_command_in_a_page_can_be_called(page: Path):
    assert [line for line in _command_lines(page) if not _parses(line)] == []


def test_the_commands_of_the_readme_are_what_start_py_offers():
    lines = [line for line in _shell_lines(ROOT / "README.md") if line.startswith("python3 start.py")]
    assert lines[0].startswith("python3 start.py up --search ")
    assert "python3 start.py test" in lines
    assert all(_parses(line) for line in lines)
    said = ast.get_docstring(ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))) or ""
    assert "`python3 start.py up`" in said
    assert "`python3 start.py test`" in said


def test_registries_find_the_same_name_and_version_everywhere():
    """The MCP registry takes a package only if its page holds the server's name."""
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    assert f"<!-- mcp-name: {server['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f'server.name="{server["name"]}"' in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert [server["version"], *(each["version"] for each in server["packages"])] == [moorage.__version__] * 2
    assert len(server["description"]) <= 100  # the registry's limit


def test_registries_are_told_of_variables_commands_and_secrets_that_exist():
    (package,) = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))["packages"]
    rows = {variable: row for row in setting_rows(load_settings()) for variable in row.variables}
    told = {each["name"]: each.get("isSecret", False) for each in package["environmentVariables"]}
    assert told.keys() <= rows.keys()
    assert {name for name, is_secret in told.items() if is_secret} == {"DATABASE_URL", "OPENAI_API_KEY"}
    defaults = {each["name"]: each["default"] for each in package["environmentVariables"] if "default" in each}
    assert defaults == {name: rows[name].value for name in defaults}
    words = [each[part] for each in package["packageArguments"] for part in ("name", "value") if part in each]
    assert _parses(shlex.join(["moorage", *words]))


def test_every_row_of_the_design_page_has_a_status_and_a_test_that_exists():
    rows = list(_design_rows())
    assert len(rows) > 120
    assert len({row[0] for row in rows}) == len(rows)
    assert [row[0] for row in rows if row[3] not in STATUSES] == []
    known = _known_tests()
    assert [(row[0], test) for row in rows for test in _tests_of(row[-1]) if test not in known] == []


def test_a_promise_that_is_called_improved_is_held_by_a_test():
    assert [row[0] for row in _design_rows() if row[3] == "improved" and not _tests_of(row[-1])] == []


def _links(page: Path) -> list[str]:
    text = _INLINE_CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / unquote(path) if path else page
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _shell_lines(page: Path) -> list[str]:
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines() if line.strip()]


def _command_lines(page: Path) -> Iterator[str]:
    for line in _shell_lines(page):
        if re.match(r"(moorage|uvx moorage|python3 start\.py) ", line):
            yield line


def _parses(line: str) -> bool:
    """Tell whether the command line takes these words; `start.py test` belongs to pytest."""
    words = shlex.split(line.removeprefix("uvx "), comments=True)
    words = ["moorage", *words[2:]] if words[:2] == ["python3", "start.py"] else words
    if words[1] == "test":
        return True
    path = [words.pop(0)]
    while words and words[0] in getattr(_command(path), "commands", {}):
        path.append(words.pop(0))
    try:
        with _command(path).make_context(" ".join(path), words):
            return True
    except typer.Exit:  # of --help
        return True
    except TyperException:
        return False


def _command(path: list[str]) -> Any:
    command = COMMAND
    for part in path[1:]:
        command = command.commands[part]
    return command


def _design_rows() -> Iterator[list[str]]:
    """Yield the cells of each row: id, section, promise, status, how, test."""
    for match in _ROW.finditer((DOCS / "design.md").read_text(encoding="utf-8")):
        yield [match["id"], *(cell.strip() for cell in re.split(r"(?<!\\)\|", match["rest"]))]


def _tests_of(cell: str) -> list[str]:
    return re.findall(r"`([\w/]+\.py::\w+)`", cell)


def _known_tests() -> set[str]:
    """Return every test as `folder/test_file.py::name`, from the sources: nothing is imported."""
    return {
        f"{file.relative_to(ROOT / 'tests')}::{name}"
        for file in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
