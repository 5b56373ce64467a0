"""Chunks hold every line of a file once, whatever the file."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.codebase.chunking import KINDS, Chunked, chunk_file
from moorage.codebase.languages import LANGUAGES, Language, language_of
from tests.unit.codebase.language_samples import SAMPLES

LIMITS = st.tuples(st.integers(1, 50), st.integers(1, 500))
# What breaks grammars more often than random letters do.
FRAGMENTS = st.sampled_from(
    [
        *"{}()[]<>\"'`#:;=@\\é\n\r\t\0\f\ufeff\ud800",
        *("\r\n", "  ", "//", "/*", "*/", "---", "```", "=>", "def f():", "class A {", "if x:", "end"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=80).map("".join))


@st.composite
def mutated_samples(draw: st.DrawFn) -> tuple[str, Language]:
    """A sample with some stretches taken out, doubled or replaced."""
    sample = SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))]
    text = sample.text
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        text = text[:start] + draw(st.one_of(st.just(""), st.just(text[start:end] * 2), FRAGMENTS)) + text[end:]
    return text, language_of(sample.path)


def assert_promises_are_kept(text: str, chunked: Chunked, max_lines: int, max_chars: int) -> None:
    rows = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    assert [row for chunk in chunked.chunks for row in chunk.content.split("\n")] == rows
    following = 1
    for chunk in chunked.chunks:
        length = chunk.end_line - chunk.start_line + 1
        assert chunk.start_line == following
        assert length == chunk.content.count("\n") + 1
        assert length == 1 or (length <= max_lines and len(chunk.content) <= max_chars)
        assert chunk.symbol is None or chunk.symbol in chunked.symbols
        following = chunk.end_line + 1


def assert_outline_is_sound(chunked: Chunked) -> None:
    last_line = chunked.chunks[-1].end_line if chunked.chunks else 0
    for symbol in chunked.symbols:
        assert 1 <= symbol.start_line <= symbol.end_line <= last_line
        assert symbol.kind in KINDS
        assert symbol.name
        assert symbol.path.endswith(symbol.name)
        assert len(symbol.signature) <= 200
        assert "\n" not in symbol.signature
    assert [each.start_line for each in chunked.symbols] == sorted(each.start_line for each in chunked.symbols)
    assert sorted(name for chunk in chunked.chunks for name in chunk.names) == sorted(
        each.name for each in chunked.symbols
    )


@given(text=TEXTS, limits=LIMITS)
@pytest.mark.parametrize("name", sorted(LANGUAGES))
@settings(max_examples=30, deadline=None)
def test_any_text_is_covered_in_any_language(name: str, text: str, limits: tuple[int, int]):
    max_lines, max_chars = limits
    chunked = chunk_file(text, LANGUAGES[name], max_lines=max_lines, max_chars=max_chars)
    assert_promises_are_kept(text, chunked, max_lines, max_chars)
    assert_outline_is_sound(chunked)


@given(sample=mutated_samples(), limits=LIMITS)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_source_is_covered(sample: tuple[str, Language], limits: tuple[int, int]):
    text, language = sample
    max_lines, max_chars = limits
    chunked = chunk_file(text, language, max_lines=max_lines, max_chars=max_chars)
    assert_promises_are_kept(text, chunked, max_lines, max_chars)
    assert_outline_is_sound(chunked)


@given(sample=mutated_samples())
@settings(max_examples=100, deadline=None)
def test_the_same_text_gives_the_same_chunks(sample: tuple[str, Language]):
    assert chunk_file(*sample) == chunk_file(*sample)
