"""Short texts of references mean one place each, and come back as they are written."""

from __future__ import annotations

import pytest

from moorage.core.errors import InvalidInput
from moorage.workflow.work.code_references import parse_reference, reference_text
from moorage.workflow.work.models import CodeReference

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("src/app.py", CodeReference(kind="file", target="src/app.py")),
        ("src/app.py:10", CodeReference(kind="file", target="src/app.py", start_line=10, end_line=10)),
        ("src/app.py:10-20", CodeReference(kind="file", target="src/app.py", start_line=10, end_line=20)),
        ("a:b.py:3", CodeReference(kind="file", target="a:b.py", start_line=3, end_line=3)),
        ("web//src/app.py", CodeReference(kind="file", repository="web", target="src/app.py")),
        ("packages/@scope/x.ts", CodeReference(kind="file", target="packages/@scope/x.ts")),
        (SHA, CodeReference(kind="commit", target=SHA)),
        (f"web//{SHA}", CodeReference(kind="commit", repository="web", target=SHA)),
        ("commit:0123abc", CodeReference(kind="commit", target="0123abc")),
        ("chunk:7f3e", CodeReference(kind="chunk", target="7f3e")),
        ("https://example.org/a//b?c=1", CodeReference(kind="url", target="https://example.org/a//b?c=1")),
        (f"file:{SHA}", CodeReference(kind="file", target=SHA)),
        ("file:0123abc", CodeReference(kind="file", target="0123abc")),
    ],
)
def test_a_short_text_means_one_place(text: str, reference: CodeReference):
    assert parse_reference(text) == reference
    assert parse_reference(reference_text(reference)) == reference


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"  {SHA.upper()} ", SHA),
        ("./src//app.py", "src/app.py"),
        ("src\\app.py:10-10", "src/app.py"),
    ],
)
def test_what_is_written_in_several_ways_is_one_place(text: str, target: str):
    assert parse_reference(text).target == target


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "/etc/passwd", "../up.py", "a/../../up.py", ".", "src/app.py:0", "src/app.py:20-10",
        "src/app.py:99999999999", "a\nb", "a\x00b", "commit:xyz", "url:ftp://example.org", "http://", "x" * 2001,
        f"file:{SHA}:0",
    ],
)  # fmt: skip
def test_what_means_no_place_is_refused(text: str):
    with pytest.raises(InvalidInput, match="reference"):
        parse_reference(text)
