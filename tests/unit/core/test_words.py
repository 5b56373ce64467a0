from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.core.words import LONGEST_WORD, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parse", ["pars"]),
        ("parseHTTPResponse2", ["parsehttpresponse2", "pars", "http", "respons", "2"]),
        ("getURLs", ["geturl", "get", "url"]),
        ("XMLHttpRequest", ["xmlhttprequest", "xml", "http", "request"]),
        ("self.file_names", ["self", "filenam", "file", "name"]),
        ("__init__", ["init"]),
        ("MAX_ROW_COUNT", ["maxrowcount", "max", "row", "count"]),
        ("sha256", ["sha256", "sha", "256"]),
        ("0xFF 10_000 404", ["0xff", "10000", "404"]),
        ("a9f86d081884c7d659a2", ["a9f86d081884c7d659a2"]),
        ("x += y[0]; // don't", ["x", "y", "0", "don", "t"]),
        ("", []),
        ("_ __ -> {}", []),
    ],
)
def test_code_splits_into_identifiers_and_their_parts(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("naïveCase", ["naïvecase", "naïve", "case"]),
        ("ЖёлтыйДом", ["жёлтыйдом", "жёлтый", "дом"]),
        ("cafe\u0301", ["café"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("中文字", ["中文", "文字"]),
        ("検索utf8Engine", ["検索", "utf", "8", "engin"]),
        ("한국어 단", ["한국", "국어", "단"]),
    ],
)
def test_other_scripts_are_kept(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_snake_camel_and_joined_spellings_meet() -> None:
    assert words("user_names")[0] == words("userNames")[0] == words("username")[0]


@pytest.mark.parametrize(
    "family",
    [
        "cache caches cached caching",
        "name names named naming",
        "index indexes indexed indexing",
        "log logs logged logging",
        "query queries queried querying",
        "process processes processed processing",
        "write writes writing",
        "embed embeds embedded embedding",
        "control controls controlled controlling",
        "alias aliases",
        "status statuses",
        "tree trees",
    ],
)
def test_inflections_of_a_word_have_one_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize("word", ["string", "class", "redis", "this", "note", "need", "using", "parser", "größe", "go"])
def test_what_only_looks_inflected_stays(word: str) -> None:
    assert stem(word) == word


@pytest.mark.parametrize(("one", "other"), [("note", "not"), ("file", "fill"), ("state", "stats"), ("pipe", "pip")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_encoded_data_is_one_short_word() -> None:
    assert words("QmFzZTY0" * 1000) == [("qmfzzty0" * 1000)[:LONGEST_WORD]]


def test_the_parts_of_a_long_name_all_count() -> None:
    name = "test_" + "_".join(["alpha", "beta", "gamma", "delta"] * 4)
    assert len(name) > LONGEST_WORD
    assert words(name)[1:] == ["test", *["alpha", "beta", "gamma", "delta"] * 4]


@given(st.text())
def test_words_are_short_lower_case_and_the_same_again(text: str) -> None:
    found = words(text)
    assert found == words(text)
    assert all(0 < len(word) <= LONGEST_WORD for word in found)
    assert all(word == word.lower() for word in found)


@given(st.text(), st.text())
def test_texts_apart_split_as_they_do_together(one: str, other: str) -> None:
    assert words(f"{one}\n{other}") == words(one) + words(other)
