"""What a scan is told, finds and leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LeftOut(StrEnum):
    """Why a file, or a whole folder, is not indexed."""

    IGNORED = "ignored"  # by .gitignore, .git/info/exclude, git's global excludes or .moorageignore
    TOOL_FOLDER = "tool_folder"  # what a tool keeps for itself: .git, __pycache__, a virtual environment, a cache
    VENDORED = "vendored"  # third-party code: node_modules, third_party, vendor beside a go.mod
    NESTED_REPOSITORY = "nested_repository"  # a repository inside the root, submodules included
    WORKTREE = "worktree"  # another git work tree inside the root: copies of the same files
    SECRET = "secret"  # noqa: S105 - by its name, or because it holds a private key
    LOCK_FILE = "lock_file"
    GENERATED = "generated"  # by its name, or because its first lines say so
    MINIFIED = "minified"
    MEDIA = "media"  # images, sound, video, fonts
    BINARY = "binary"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"  # files after the limit of a scan
    SYMLINK_INSIDE = "symlink_inside"  # its target is judged under its own name
    SYMLINK_OUTSIDE = "symlink_outside"
    SYMLINK_LOOP = "symlink_loop"
    SYMLINK_BROKEN = "symlink_broken"
    NOT_REGULAR = "not_regular"  # a pipe, socket or device
    UNREADABLE = "unreadable"
    BAD_NAME = "bad_name"  # not UTF-8, too long, or leading out of the root
    GONE = "gone"  # only from `read_text`: deleted after it was listed


class Lister(StrEnum):
    """Who made the list of files."""

    GIT = "git"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Where a scan and a reading stop.

    Attributes:
        max_file_bytes: larger files are left out; source code that people write is far smaller.
        max_files: files after this many are counted as too many; the first in path order are kept.
        max_path_bytes: longer paths, relative to the root, are left out: a PostgreSQL index row ends near
            2,700 bytes.
        git_timeout_seconds: how long git may take for the list; a million files need a few seconds.
    """

    max_file_bytes: int = 1_000_000
    max_files: int = 200_000
    max_path_bytes: int = 1_024
    git_timeout_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file worth opening.

    Attributes:
        path: relative to the root, "/" between folders, otherwise exactly as the file system has it.
        size: in bytes.
        modified_ns: last change of the content, in nanoseconds since 1970.
    """

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies below a root.

    Attributes:
        files: sorted by path.
        left_out: how many files and folders were left out, by reason; reasons without any are absent.
        left_out_examples: up to 5 paths for each reason, folders ending in "/"; bytes that are not UTF-8 are
            escaped.
        listed_by: `Lister.WALK` means that git was missing, refused, or that this is no repository.
    """

    files: tuple[FoundFile, ...]
    left_out: Mapping[LeftOut, int]
    left_out_examples: Mapping[LeftOut, tuple[str, ...]]
    listed_by: Lister


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of one file.

    Attributes:
        text: without a byte order mark and without NUL, line ends as they are; always encodable as UTF-8.
        content_hash: BLAKE2b of the raw bytes, 16 bytes long.
    """

    text: str
    content_hash: bytes
