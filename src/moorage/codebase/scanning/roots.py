"""From what a caller typed to a folder that may be read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from moorage.core.errors import InvalidInput

MAX_ROOT_CHARACTERS = 4_096
"""PATH_MAX of Linux, limits.h."""

# Control characters, halves of surrogate pairs, and line ends of Unicode.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_SHOWN_CHARACTERS = 120
_SHOWN_ROOTS = 5


class UnfitRoot(InvalidInput):
    """`repo_path` does not name a folder that may be indexed."""

    code = "codebase.unfit_root"


def resolve_root(path: str, allowed_roots: Sequence[Path]) -> Path:
    """Return the real path of a folder that may be indexed: links followed, `~` expanded, `..` taken away.

    Whether a folder exists is only told below `allowed_roots`; an empty sequence allows nothing.

    Raises:
        UnfitRoot: not an absolute path, not allowed, missing, not a folder, or not readable.
    """
    real = Path(os.path.realpath(_well_formed(path)))
    if not is_below(real, allowed_roots):
        raise _unfit(path, "is outside the folders that may be indexed", _way_in(allowed_roots))
    if not os.path.lexists(real):
        raise _unfit(path, "does not exist", "Check the spelling, or create the folder first.")
    if not os.path.isdir(real):  # noqa: PTH112 - Path raises for names that are too long
        raise _unfit(path, "is not a folder", f"Name the folder that holds it: {_shortened(str(real.parent))}")
    if not os.access(real, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _unfit(path, "cannot be read", "Let the user of this program list and enter the folder.")
    return real


def is_below(real: Path, allowed_roots: Sequence[Path]) -> bool:
    """Tell whether a real path is one of the allowed roots or lies below one."""
    return any(real.is_relative_to(os.path.realpath(root)) for root in allowed_roots)


def _well_formed(path: str) -> Path:
    if not path.strip():
        raise _unfit(path, "is empty", "Give the absolute path of a folder.")
    if _UNSHOWABLE.search(path):
        raise _unfit(path, "holds a control character", "Give the path on one line, in plain text.")
    if len(path) > MAX_ROOT_CHARACTERS:
        raise _unfit(path, f"has more than {MAX_ROOT_CHARACTERS} characters", "Give a shorter path.")
    try:
        expanded = Path(path).expanduser()
    except RuntimeError as error:
        raise _unfit(path, "names a home folder that does not exist", "Give an absolute path.") from error
    if not expanded.is_absolute():
        raise _unfit(path, "is not absolute", "Begin with the root of the file system, or with ~/.")
    return expanded


def _way_in(allowed_roots: Sequence[Path]) -> str:
    if not allowed_roots:
        return "No folder may be indexed yet; the operator names them in the allowed roots."
    shown = ", ".join(str(root) for root in allowed_roots[:_SHOWN_ROOTS])
    return f"Name a folder below one of: {shown}. The operator can add to the allowed roots."


def _unfit(path: str, problem: str, hint: str) -> UnfitRoot:
    shown = _shortened(path)
    return UnfitRoot(f"repo_path {shown!r} {problem}", hint=hint, field="repo_path", value=shown)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
