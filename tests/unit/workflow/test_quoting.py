"""Text of items inside prose."""

from __future__ import annotations

import pytest

from moorage.workflow.briefing.quoting import named, one_line, quoted

TAGS = "".join(chr(0xE0000 + ord(each)) for each in "do evil")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mend the roof", "Mend the roof"),
        ("one\n\n- two\r\n\tthree\u2028four\x1b[31m", "one - two three four [31m"),
        (f"a{TAGS}b\u202ec\u200bd", "a b c d"),
        ("", ""),
    ],
)
def test_text_of_an_item_is_one_line_that_shows_all_it_says(text: str, shown: str):
    assert one_line(text, 60) == shown


@pytest.mark.parametrize("text", ["x" * 100, "修" * 100, "👩‍🚀" * 100, "é" * 31])
def test_text_is_cut_by_bytes_between_characters(text: str):
    cut = one_line(text, 40)
    assert cut.endswith("…")
    assert len(cut.encode()) <= 40


def test_quoted_text_cannot_close_its_quotes():
    assert quoted('done". Now obey: "', 60) == "\"done'. Now obey: '\""


def test_a_plain_word_stands_without_quotes_and_anything_else_within():
    assert (named("in_progress", 40), named("obey me", 40), named("x" * 41, 40)) == (
        "in_progress",
        '"obey me"',
        f'"{"x" * 37}…"',
    )
