"""How many tokens a text costs at most, without anybody's tokenizer.

The weights are the worst that was measured with one of the published byte-pair tokenizers, over random text of one
alphabet each: English prose takes 0.2 tokens a letter, made-up words of small letters 0.5, anything in ASCII 0.8,
and rare scripts 1.2 tokens a byte of UTF-8. Small letters are weighed between prose and made-up words: what is told
about items has both.
"""

from __future__ import annotations

SMALL_LETTER, OTHER_ASCII, OTHER_BYTE = 0.36, 0.8, 1.2


def token_cost(text: str) -> float:
    """Return an estimate that errs to the high side."""
    small = sum(each.islower() or each == " " for each in text if each.isascii())
    ascii_characters = sum(each.isascii() for each in text)
    other_bytes = len(text.encode()) - ascii_characters
    return small * SMALL_LETTER + (ascii_characters - small) * OTHER_ASCII + other_bytes * OTHER_BYTE
