"""References to code as short text: `src/app.py:10-20`, a commit's hash, a URL, `chunk:<id>`.

A repository goes before two slashes, where a project has several: `website//src/app.py:10`.
"""

from __future__ import annotations

import re
from posixpath import normpath
from typing import cast, get_args
from urllib.parse import urlsplit

from moorage.core.errors import InvalidInput
from moorage.workflow.work.models import CodeReference, ReferenceKind

MAX_CHARACTERS = 2_000
MAX_LINE = 2**31 - 1  # what a column of type integer holds

_KINDS = get_args(ReferenceKind)
# SHA-1 and SHA-256: https://git-scm.com/docs/hash-function-transition
_WHOLE_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{7,64}")
_LINES = re.compile(r"(?P<path>.+?):(?P<start>[0-9]+)(-(?P<end>[0-9]+))?")
_REPOSITORY = re.compile(r"(?P<repository>[^/\s]+)//(?P<rest>.+)")


def parse_reference(text: str) -> CodeReference:
    """Return the reference that a short text means.

    Raises:
        InvalidInput: it means none.
    """
    text = text.strip()
    if not text or len(text) > MAX_CHARACTERS or not text.isprintable():
        raise _refused(text, "it is empty, too long, or has characters that cannot be printed")
    kind, rest = _kind_of(text)
    if kind == "url":
        return _url(rest)
    repository, target = _repository_of(rest)
    if kind is None:
        kind = "commit" if _WHOLE_HASH.fullmatch(target.lower()) else "file"
    match kind:
        case "commit":
            return _commit(repository, target)
        case "chunk":
            return CodeReference(kind="chunk", repository=repository, target=target)
    return _file(repository, target)


def reference_text(reference: CodeReference) -> str:
    """Return the short text of a reference; `parse_reference` reads it again."""
    lines = ""
    if reference.start_line:
        lines = f":{reference.start_line}"
        if reference.end_line != reference.start_line:
            lines += f"-{reference.end_line}"
    text = f"{reference.repository}//" * bool(reference.repository) + reference.target + lines
    taken_for = "commit" if _WHOLE_HASH.fullmatch(reference.target) else "file"
    return text if reference.kind in ("url", taken_for) else f"{reference.kind}:{text}"


def _kind_of(text: str) -> tuple[ReferenceKind | None, str]:
    kind, colon, rest = text.partition(":")
    if colon and kind in _KINDS and rest:
        return cast("ReferenceKind", kind), rest
    return ("url" if kind in ("http", "https") and rest.startswith("//") else None), text


def _repository_of(text: str) -> tuple[str, str]:
    match = _REPOSITORY.fullmatch(text)
    return (match["repository"], match["rest"]) if match else ("", text)


def _url(text: str) -> CodeReference:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _refused(text, "it is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused(text, "a URL begins with http:// or https:// and a host")
    return CodeReference(kind="url", target=text)


def _commit(repository: str, target: str) -> CodeReference:
    target = target.lower()
    if not _HASH.fullmatch(target):
        raise _refused(target, "a commit is 7 to 64 hexadecimal digits")
    return CodeReference(kind="commit", repository=repository, target=target)


def _file(repository: str, target: str) -> CodeReference:
    lines = _LINES.fullmatch(target)
    start, end = (int(lines["start"]), int(lines["end"] or lines["start"])) if lines else (0, 0)
    path = normpath((lines["path"] if lines else target).replace("\\", "/"))
    if path.startswith(("/", "../")) or path in (".", ".."):
        raise _refused(target, "a path leads from the repository's root to a file inside it")
    if lines and not 1 <= start <= end <= MAX_LINE:
        raise _refused(target, "lines count from 1, the first before the last")
    return CodeReference(kind="file", repository=repository, target=path, start_line=start, end_line=end)


def _refused(text: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"reference {text[:100]!r}: {why}",
        hint="Write src/app.py, src/app.py:10-20, repository//src/app.py, a commit's hash, commit:<short hash>,"
        " chunk:<chunk_id>, or a URL.",
    )
