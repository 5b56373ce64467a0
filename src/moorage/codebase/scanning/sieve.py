"""What stays and what is left out, one path at a time, whoever made the list.

The verdict on a folder is found once and holds for everything below it. A name is judged before any rule is
asked, so that a git listing and a walk give the same reason for the same file.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from moorage.codebase.git import looks_bare
from moorage.codebase.scanning.ignores import IgnoreRules, with_ignore_file
from moorage.codebase.scanning.models import FoundFile, LeftOut, Lister, Scan, ScanLimits
from moorage.codebase.scanning.names import VENDOR_MANIFESTS, why_skip
from moorage.codebase.scanning.opening import read_regular

OWN_IGNORE_FILE = ".moorageignore"
MAX_EXAMPLES = 5
MAX_GIT_FILE_BYTES = 10_000  # of a file `.git`, which holds one path

_NEVER_BROUGHT_BACK = (LeftOut.SECRET, LeftOut.TOOL_FOLDER)
_VENDOR_FOLDER = "vendor"
# https://docs.python.org/3/library/venv.html and https://bford.info/cachedir/
_TOOL_MARKS = ("pyvenv.cfg", "CACHEDIR.TAG")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose files may be listed, and the rules that hold in it; None where there are none."""

    own_rules: IgnoreRules | None
    git_rules: IgnoreRules | None


class Sieve:
    """Collects the files of one scan.

    Args:
        root: a real path.
        git_ignore_file: the name of ignore files to honour beside our own; "" when git has done so already.
    """

    def __init__(self, root: str, limits: ScanLimits, *, git_ignore_file: str = "") -> None:
        self._root = root
        self._prefix = root.rstrip("/") + "/"
        self._limits = limits
        self._git_ignore_file = git_ignore_file
        self._files: list[FoundFile] = []
        self._left_out: dict[LeftOut, int] = {}
        self._examples: dict[LeftOut, list[str]] = {}
        self._folders: dict[str, Folder | None] = {"": self._opened("", Folder(None, None))}

    def result(self, listed_by: Lister) -> Scan:
        """Return what was collected, in path order."""
        files = sorted(self._files, key=lambda file: file.path)
        kept = self._limits.max_files
        for file in files[kept:]:
            self.leave_out(LeftOut.TOO_MANY, file.path)
        return Scan(
            files=tuple(files[:kept]),
            left_out=dict(sorted(self._left_out.items())),
            left_out_examples={reason: tuple(sorted(paths)) for reason, paths in sorted(self._examples.items())},
            listed_by=listed_by,
        )

    def absolute(self, path: str) -> str:
        return self._prefix + path

    def leave_out(self, reason: LeftOut, path: str) -> None:
        """Count a file, or a folder with a final "/"."""
        self._left_out[reason] = self._left_out.get(reason, 0) + 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(path.encode("utf-8", "backslashreplace").decode())

    def add_file(self, path: str) -> None:
        """Take a path that was listed as a file, or count why not; a final "/" is a repository of its own."""
        if self._has_bad_name(path):
            self.leave_out(LeftOut.BAD_NAME, path)
            return
        if path.endswith("/"):
            self.folder(path.rstrip("/"))
            return
        folder = self.folder(path.rpartition("/")[0])
        if folder is None:
            return
        reason = self._why_not(folder, path, why_skip(path))
        if reason is not None:
            self.leave_out(reason, path)
        else:
            self._add_by_status(path)

    def add_ignored(self, path: str) -> None:
        """Count what git ignores, unless it lies in a folder that is already left out as a whole."""
        if self._has_bad_name(path):
            self.leave_out(LeftOut.BAD_NAME, path)
        elif self.folder(path.rstrip("/").rpartition("/")[0]) is not None:
            self.leave_out(why_skip(path) or LeftOut.IGNORED, path)

    def folder(self, path: str) -> Folder | None:
        """Return the rules in a folder, or None when it is left out; it is counted when first asked for."""
        if path in self._folders:
            return self._folders[path]
        above = self.folder(path.rpartition("/")[0])
        self._folders[path] = verdict = above and self._judged(path, above)
        return verdict

    def _judged(self, path: str, above: Folder) -> Folder | None:
        reason = self._why_not_folder(path, above)
        if reason is None:
            return self._opened(f"{path}/", above)
        if reason is not LeftOut.GONE:
            self.leave_out(reason, f"{path}/")
        return None

    def _opened(self, base: str, above: Folder) -> Folder:
        absolute = self.absolute(base)
        own_rules = with_ignore_file(above.own_rules, base, absolute + OWN_IGNORE_FILE)
        if not self._git_ignore_file:
            return Folder(own_rules, None)
        return Folder(own_rules, with_ignore_file(above.git_rules, base, absolute + self._git_ignore_file))

    def _why_not_folder(self, path: str, above: Folder) -> LeftOut | None:
        if self._has_bad_name(path):
            return LeftOut.BAD_NAME
        absolute = self.absolute(path)
        try:
            mode = os.lstat(absolute).st_mode
        except OSError as error:
            return LeftOut.GONE if error.errno in (errno.ENOENT, errno.ENOTDIR) else LeftOut.UNREADABLE
        if stat.S_ISLNK(mode):  # git may list files "below" a link that has taken the place of a folder
            return self._why_not_link(path)
        by_name = why_skip(f"{path}/") or _why_skip_by_neighbours(absolute)
        return self._why_not(above, f"{path}/", by_name) or _other_repository(absolute)

    def _why_not(self, folder: Folder, path: str, by_name: LeftOut | None) -> LeftOut | None:
        """Weigh what the name says against the rules of the folder it is in."""
        if by_name in _NEVER_BROUGHT_BACK:
            return by_name
        own = folder.own_rules.decide(path) if folder.own_rules else None
        if by_name is not None and own is not False:
            return by_name
        if own or (folder.git_rules and folder.git_rules.decide(path)):
            return LeftOut.IGNORED
        return None

    def _add_by_status(self, path: str) -> None:
        try:
            status = os.lstat(self.absolute(path))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self.leave_out(LeftOut.UNREADABLE, path)
            return
        if stat.S_ISDIR(status.st_mode):  # a submodule: one entry in git's index, a folder on the disk
            self.folder(path)
        elif stat.S_ISLNK(status.st_mode):
            self.leave_out(self._why_not_link(path), path)
        elif not stat.S_ISREG(status.st_mode):
            self.leave_out(LeftOut.NOT_REGULAR, path)
        elif status.st_size > self._limits.max_file_bytes:
            self.leave_out(LeftOut.TOO_LARGE, path)
        else:
            self._files.append(FoundFile(path, status.st_size, status.st_mtime_ns))

    def _why_not_link(self, path: str) -> LeftOut:
        try:
            target = os.path.realpath(self.absolute(path), strict=True)
        except OSError as error:
            return LeftOut.SYMLINK_LOOP if error.errno == errno.ELOOP else LeftOut.SYMLINK_BROKEN
        is_inside = target == self._root or target.startswith(self._prefix)
        return LeftOut.SYMLINK_INSIDE if is_inside else LeftOut.SYMLINK_OUTSIDE

    def _has_bad_name(self, path: str) -> bool:
        """Tell whether a path cannot be stored, or leads out of the root, as a forged git index can."""
        try:
            too_long = len(path.encode()) > self._limits.max_path_bytes
        except UnicodeEncodeError:
            return True
        return too_long or path.startswith("/") or ".." in path.split("/")


def _why_skip_by_neighbours(absolute: str) -> LeftOut | None:
    """Judge a folder by files that tools leave in it or beside it."""
    if _has_any(absolute, _TOOL_MARKS):
        return LeftOut.TOOL_FOLDER
    beside, _, name = absolute.rpartition("/")
    return LeftOut.VENDORED if name == _VENDOR_FOLDER and _has_any(beside, VENDOR_MANIFESTS) else None


def _has_any(absolute: str, names: tuple[str, ...]) -> bool:
    return any(os.path.lexists(f"{absolute}/{name}") for name in names)


def _other_repository(absolute: str) -> LeftOut | None:
    """Tell whether a folder is the top of a repository of its own, or of another work tree of one."""
    mark = read_regular(f"{absolute}/.git", MAX_GIT_FILE_BYTES)
    if isinstance(mark, bytes) and mark.startswith(b"gitdir:"):
        return LeftOut.WORKTREE if b"/worktrees/" in mark else LeftOut.NESTED_REPOSITORY
    is_repository = looks_bare(absolute) or looks_bare(f"{absolute}/.git")
    return LeftOut.NESTED_REPOSITORY if is_repository else None
