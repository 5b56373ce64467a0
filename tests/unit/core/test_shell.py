"""What commands print."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydantic import BaseModel
from rich.console import Console

from moorage.core.errors import InvalidInput
from moorage.core.shell import Shell

# Clears the screen, sets the window's title, turns the direction of writing.
HOSTILE = "roof\x1b[2J\x1b]0;mine\x07\u202e end"


def make_shell() -> tuple[Shell, io.StringIO, io.StringIO]:
    """A shell that prints to a terminal of the test's own."""
    nothing: Any = None
    out, errors = io.StringIO(), io.StringIO()
    consoles = [Console(file=each, force_terminal=True, width=200) for each in (out, errors)]
    return Shell(nothing, nothing, *consoles), out, errors


def test_a_table_shows_what_cells_say_and_obeys_nothing_in_them():
    shell, out, _ = make_shell()
    shell.print_table("items", ["title"], [(HOSTILE,), ("[bold]not markup",)])
    assert "roof[2J]0;mine end" in out.getvalue()
    assert "[bold]not markup" in out.getvalue()


def test_a_table_obeys_nothing_in_its_title_and_the_names_of_its_columns():
    shell, out, _ = make_shell()
    shell.print_table(f"{HOSTILE}[bold]t", [f"{HOSTILE}[bold]c"], [("cell",)])
    assert "\x1b[2J" not in out.getvalue()
    assert out.getvalue().count("roof[2J]0;mine end[bold]") == 2


def test_a_name_between_colons_is_not_read_as_a_picture(capsys: pytest.CaptureFixture[str]):
    nothing: Any = None
    shell = Shell(nothing, nothing)
    shell.console.print("project:m: nothing found", markup=False)
    shell.print_table("items", ["id"], [("project:rocket:",)])
    shell.print_error(InvalidInput("project:rocket: is no table"))
    printed = capsys.readouterr()
    assert "project:m: nothing found" in printed.out
    assert "project:rocket:" in printed.out
    assert "project:rocket:" in printed.err


class Said(BaseModel):
    text: str


def test_json_says_the_same_and_has_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]):
    shell, _, _ = make_shell()
    said = Said(text=HOSTILE + "\x9b2J\x7f\x85\u2028\u2066 é😀")
    shell.print_json(said)
    printed = capsys.readouterr().out
    assert Said.model_validate_json(printed) == said
    assert "\\u009b2J\\u007f\\u0085\\u2028\\u2066 é😀" in printed


@pytest.mark.parametrize("hint", ["", HOSTILE])
def test_a_failure_shows_what_the_value_says_and_obeys_nothing_in_it(hint: str):
    shell, _, errors = make_shell()
    shell.print_error(InvalidInput(HOSTILE, hint=hint))
    assert "roof[2J]0;mine end" in errors.getvalue()
    assert "\x1b[2J" not in errors.getvalue()
