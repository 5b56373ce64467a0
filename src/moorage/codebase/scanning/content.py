"""What a file says: its text, whatever the encoding, or why it is not worth indexing after all."""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path

from moorage.codebase.scanning.models import FileText, LeftOut, ScanLimits
from moorage.codebase.scanning.opening import read_regular

HASH_BYTES = 16

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A declared encoding is believed only when it is one of these: Python's other codecs are no text encodings.
_DECLARABLE = re.compile(
    r"gbk|gb2312|gb18030|big5|shift[-_]jis|sjis|cp932|cp949|euc[-_](?:jp|kr)|koi8-[ru]|mac-roman"
    r"|(?:cp|windows-)125[0-8]|iso-8859-(?:[2-9]|1[013-6])"
)
_DECLARATION = re.compile(rb"(?:coding|charset)[=:]\s*[\"']?([-\w.]{1,20})")  # PEP 263, HTML, Emacs, Vim
_DECLARATION_WITHIN = 1_024

_CONTROL_BYTES = bytes({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F})
_MAX_CONTROL_SHARE = 0.02
_MIN_NUL_SHARE = 0.7
_SAMPLE_BYTES = 8_000  # as git's buffer_is_binary: https://github.com/git/git/blob/master/xdiff-interface.c

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----.{0,200}?[A-Za-z0-9+/]{40}", re.DOTALL)

_HEADER_LINES = 20
_HEADER_CHARACTERS = 4_000
_COMMENT_START = re.compile(r"\s*(?://|#|/?\*|--|;|<!--|%|\{-|\(\*|\"\"\"|''')")
_GENERATED = re.compile(
    r"@generated\b|<auto-?generated\b|\bgenerated\b.{0,200}\bdo not (?:edit|modify|change)\b"
    r"|\bdo not (?:edit|modify|change)\b.{0,200}\bgenerated\b",
    re.IGNORECASE | re.DOTALL,
)

# minified_files? in https://github.com/github-linguist/linguist/blob/main/lib/linguist/generated.rb
_MAX_AVERAGE_LINE_OF_SCRIPTS = 110
_SCRIPT_ENDINGS = frozenset((".js", ".mjs", ".cjs", ".css"))
_MAX_AVERAGE_LINE = 500
_PROSE_ENDINGS = frozenset((".md", ".mdx", ".rst", ".txt", ".adoc", ".tex", ".org"))  # a line may be a paragraph
_MINIFIED_FROM_CHARACTERS = 2_000


def read_text(path: Path, limits: ScanLimits = ScanLimits()) -> FileText | LeftOut:  # noqa: B008 - frozen
    """Return the text of a file, or why it is left out; opens it once, never through a link, never waiting.

    The encoding is that of a byte order mark, else UTF-8, else what the file declares, else Windows-1252.
    """
    content = read_regular(path, limits.max_file_bytes)
    if isinstance(content, LeftOut):
        return content
    text = _decoded(content)
    if text is None:
        return LeftOut.BINARY
    reason = _why_not(text, path.suffix.lower())
    return reason or FileText(text, hashlib.blake2b(content, digest_size=HASH_BYTES).digest())


def _decoded(content: bytes) -> str | None:
    """Return the text, or None for what is none: no NUL is ever returned, since PostgreSQL stores none."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decoded_as(content, encoding)
    if b"\0" in content:
        encoding = _utf_16_without_mark(content[:_SAMPLE_BYTES])
        return _decoded_as(content, encoding) if encoding else None
    text = _decoded_as(content, "utf-8")
    if text is not None:
        return text
    if _looks_binary(content[:_SAMPLE_BYTES]):
        return None
    declared = _declared_encoding(content)
    text = _decoded_as(content, declared) if declared else None
    return text or _decoded_as(content, "cp1252") or content.decode("latin-1")


def _decoded_as(content: bytes, encoding: str) -> str | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _utf_16_without_mark(sample: bytes) -> str | None:
    """Name the encoding when most of every second byte is NUL and none of the others, as in Latin text."""
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > _MIN_NUL_SHARE * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > _MIN_NUL_SHARE * half and odd == 0 else None


def _looks_binary(sample: bytes) -> bool:
    control = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    return control > _MAX_CONTROL_SHARE * len(sample)


def _declared_encoding(content: bytes) -> str | None:
    match = _DECLARATION.search(content[:_DECLARATION_WITHIN])
    name = match[1].decode("ascii", "replace").lower() if match else ""
    return name if _DECLARABLE.fullmatch(name) else None


def _why_not(text: str, ending: str) -> LeftOut | None:
    if "PRIVATE KEY" in text and _PRIVATE_KEY.search(text):
        return LeftOut.SECRET
    if _is_minified(text, ending):
        return LeftOut.MINIFIED
    return LeftOut.GENERATED if _says_generated(text) else None


def _is_minified(text: str, ending: str) -> bool:
    if len(text) < _MINIFIED_FROM_CHARACTERS or ending in _PROSE_ENDINGS:
        return False
    most = _MAX_AVERAGE_LINE_OF_SCRIPTS if ending in _SCRIPT_ENDINGS else _MAX_AVERAGE_LINE
    return len(text) > most * (text.count("\n") + 1)


def _says_generated(text: str) -> bool:
    """Tell whether comments in the first lines say that a program wrote this; only comments count."""
    header = text[:_HEADER_CHARACTERS]
    if "generated" not in header.lower():
        return False
    comments = (line for line in header.splitlines()[:_HEADER_LINES] if _COMMENT_START.match(line))
    return bool(_GENERATED.search("\n".join(comments)))
