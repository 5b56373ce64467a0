"""Walking leaves out what git leaves out, and reading never fails or returns what cannot be stored."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.codebase.git import is_git_url, without_credentials
from moorage.codebase.scanning import FileText, LeftOut, Lister, Scan, read_text, scan
from tests.unit.codebase.repositories import ISOLATED, make_repository

NAMES = st.sampled_from(["a", "b", "ab", "a.py", "b.log", "x y", "é", "#c", "!d", "[e]"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PARTS = st.sampled_from(["a", "b", "*", "a*", "*.py", "*.log", "?", "[ab]", "x y", "é", "\\#c", "\\!d", "**", "[!a]"])
PATTERNS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PARTS, min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "", "/", " ", "\r"]),
)
IGNORE_FILES = st.dictionaries(
    st.sampled_from(["", "a/", "b/", "a/b/"]), st.lists(PATTERNS, max_size=4).map("\n".join), max_size=3
)


def seen(found: Scan) -> set[str]:
    return {file.path for file in found.files if not file.path.endswith(".gitignore")}


@settings(max_examples=100, deadline=None)
@given(paths=st.sets(PATHS, min_size=1, max_size=8), ignores=IGNORE_FILES)
def test_a_walk_finds_exactly_the_files_that_git_lists(paths, ignores):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        root = Path(name)
        for variable, value in ISOLATED.items():
            patch.setenv(variable, value)
        files = {path: "x" for path in paths if not any(other.startswith(f"{path}/") for other in paths)}
        files |= {f"{folder}.gitignore": text for folder, text in ignores.items() if _may_hold(folder, files)}
        make_repository(root, files, commit=False)
        by_git = scan(root)
        patch.setenv("PATH", "")
        by_walk = scan(root)

    assert (by_git.listed_by, by_walk.listed_by) == (Lister.GIT, Lister.WALK)
    assert seen(by_walk) == seen(by_git)


def _may_hold(folder: str, files: dict[str, str]) -> bool:
    """Tell whether no file stands in the place of this folder or of one above it."""
    parts = folder.rstrip("/").split("/")
    return not any("/".join(parts[: depth + 1]) in files for depth in range(len(parts)))


@settings(max_examples=300, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text(max_size=100).map(lambda text: text.encode("utf-16", "surrogatepass")),
        st.sampled_from(["gbk", "sjis", "euc-kr", "mac-roman", "rot13"]).flatmap(
            lambda name: st.binary(max_size=50).map(lambda rest: f"# coding: {name}\n".encode() + rest)
        ),
    ),
    ending=st.sampled_from([".py", ".js", ".md", ""]),
)
def test_whatever_a_file_holds_its_text_can_be_stored_or_there_is_a_reason(content, ending):
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / f"file{ending}"
        file.write_bytes(content)
        read = read_text(file)

    if isinstance(read, FileText):
        assert "\0" not in read.text
        assert read.text.encode() or not read.text
    else:
        assert read in LeftOut


@given(st.text(max_size=60) | st.from_regex(r"(https|ssh|file|ext)://[-a-z:@/.\s]{0,40}", fullmatch=True))
def test_an_address_without_credentials_stays_as_it_is(text):
    bare = without_credentials(text)

    assert without_credentials(bare) == bare
    if text.startswith("https://") and is_git_url(text):
        assert "@" not in bare.removeprefix("https://").partition("/")[0]
        assert is_git_url(bare)
