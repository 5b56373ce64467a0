"""Whatever a statement is made of, exactly its parameters get numbers, and all else stays as it is written."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.databases.policy.parsing import parse
from moorage.databases.saved.placing import numbered, parameters_in

INSIDE = st.text(alphabet=":ab $\\é😀-/*", max_size=12)
NO_COMMENT = INSIDE.filter(lambda text: "/*" not in text and "*/" not in text)

LITERALS = INSIDE.map(lambda text: f"'{text}'")
ESCAPED = INSIDE.map(lambda text: "E'" + text.replace("\\", "\\\\") + "\\':a'")
NAMES = INSIDE.map(lambda text: f'1 AS "x{text}"')
DOLLARS = INSIDE.filter(lambda text: "$" not in text).map(lambda text: f"$q$ {text} $q$")
COMMENTS = NO_COMMENT.map(lambda text: f"1 /*{text}:a*/" if not text.endswith(("/", "*")) else "1 /*:a*/")
LINES = INSIDE.map(lambda text: f"1 --{text}:b\n")
CASTS = st.just("'1'::text")
TEXTS = st.one_of(LITERALS, ESCAPED, NAMES, DOLLARS, COMMENTS, LINES, CASTS).map(lambda text: (text, text))
PARAMETERS = st.sampled_from([(":a", "$1"), (":b", "$2"), ("(:a)", "($1)"), (":b::text", "$2::text")])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(TEXTS, PARAMETERS), max_size=8))
def test_parameters_are_numbered_and_nothing_else_changes(parts):
    parts = [(":a", "$1"), (":b", "$2"), *parts]
    written = numbered("SELECT " + ", ".join(text for text, _ in parts), ["a", "b"])
    assert written == "SELECT " + ", ".join(expected for _, expected in parts)
    found = parameters_in(parse(written)[0])
    assert len(found) == sum(text != expected for text, expected in parts)
