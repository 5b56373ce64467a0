"""The page for people."""

from __future__ import annotations

import re

from moorage.core.http.page import Page
from tests.support.tiny_tools import tiny_door
from tests.unit.core.http.asking import client_of

PAGE = Page("Moorage 1 <dev>", {"/mcp": "one door & all", "/codebase/mcp": "search"})


def test_the_first_door_is_the_line_to_paste() -> None:
    html = PAGE.html("http://127.0.0.1:8000", ())
    assert "<pre>claude mcp add --transport http moorage http://127.0.0.1:8000/mcp</pre>" in html


def test_whatever_comes_from_outside_is_escaped() -> None:
    html = PAGE.html("http://<script>", ["<img src=x>"])
    assert "<script>" not in html
    assert "<img" not in html
    assert "Moorage 1 &lt;dev&gt;" in html
    assert "one door &amp; all" in html


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = PAGE.html("http://127.0.0.1:8000", ["boats"])
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert "@import" not in html


def test_projects_are_shown_when_there_are_any() -> None:
    assert "<li>boats" in PAGE.html("", ["boats"])
    assert "Projects" not in PAGE.html("", ())


async def test_the_page_is_served_at_the_root_and_may_load_nothing() -> None:
    async with client_of(tiny_door().app) as client:
        answer = await client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "http://127.0.0.1:8000/mcp" in answer.text
