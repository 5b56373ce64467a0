"""Text of items inside prose that a model reads: data on one line, cut, and unable to pose as anything else."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_.:/@+-]+")


def one_line(text: str, max_bytes: int) -> str:
    """Return text without line breaks and characters that do not show, cut to so many bytes of UTF-8.

    Bytes and not characters, because they bound the tokens in every script. What does not show goes: controls,
    marks that turn the direction of writing, and the tags and joiners in which instructions can be hidden.
    """
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return shown if len(shown.encode()) <= max_bytes else f"{_cut(shown, max_bytes - len('…'.encode()))}…"


def quoted(text: str, max_bytes: int) -> str:
    """Return text on one line in double quotes, which it cannot close."""
    return f'"{one_line(text.replace(chr(34), chr(39)), max_bytes)}"'


def named(text: str, max_bytes: int) -> str:
    """Return a name as it stands when it is one plain word, else quoted."""
    return text if _PLAIN.fullmatch(text) and len(text) <= max_bytes else quoted(text, max_bytes)


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore").rstrip()
