"""How much a word says about a text, where no corpus was counted: by what kind of word it is."""

from __future__ import annotations

from typing import Final

from moorage.core.words import words

COMMON_WEIGHT: Final = 0.5
"""For words that stand in most texts whatever they are about.

Found by asking 1,000 docstrings of Python's library for their functions among 9,866: mean reciprocal rank 0.20
without the list, 0.24 at 0.3, 0.25 at 0.5, 0.24 at 0.7.
"""

_ENGLISH: Final = """
    a about after all also an and any are as at be because been before being between both but by can cannot could
    did do does each either for from given had has have here how if in into is it its just may more most must no
    not of on one only or other otherwise our out over same see should so some such than that the their them then
    there these they this those to too under up used uses using very was we were what when where whether which
    while who why will with would you your
"""
"""Function words of English, and the few verbs that every comment uses."""

_KEYWORDS: Final = """
    abstract and as assert async await bool boolean break byte case catch char class const continue crate def
    default defer del delete do double dyn elif else end enum except export extends extern false final finally float
    fn for from func function go goto if impl implements import in include inline instanceof int interface is lambda
    let long match mod module mut namespace new nil none not null object or override package pass private protected
    pub public raise range ref require return self sealed short signed sizeof static str string struct super switch
    template then this throw throws trait true try type typedef typeof union unsafe unsigned use using val var
    virtual void volatile when where while with yield
"""
"""Keywords and built-in types of the languages that are chunked by their grammar, from their references."""

_COMMON: Final = frozenset(words(_ENGLISH + _KEYWORDS))


def word_weight(word: str) -> float:
    """Return the weight of one of `moorage.core.words.words`, between 0 and 1."""
    if word in _COMMON or len(word) == 1 or word.isdigit():
        return COMMON_WEIGHT
    return 1.0
