"""Real source files to index: those of installed packages and the standard library, or any folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

EXTENSIONS = frozenset(
    {".py", ".pyi", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".go", ".rs", ".java"}
    | {".kt", ".scala", ".rb", ".php", ".sh", ".sql", ".css", ".md", ".toml", ".yaml", ".yml"}
)
MAX_BYTES = 1_000_000
# Where most machines have sources of other languages.
MORE_ROOTS = (Path("/usr/include"), Path("/usr/lib/node_modules"), Path("/usr/share"))
# Moorage leaves such folders out of a repository; where one is a root of ours, it gets another name.
PRUNED = frozenset({"__pycache__", ".git", "site-packages", "node_modules", "vendor", "_vendor", "third_party"})


def make_repositories(folder: Path, *, files: int, count: int = 1) -> Iterator[Path]:
    """Yield `count` git repositories of `files` installed source files each, no file twice.

    Which files are taken follows from a hash of their paths: the mixture is that of the machine, the choice the same
    at each run. A machine with fewer sources gives smaller repositories.
    """
    sources = _installed_sources()
    for number in range(count):
        chosen = sources[number * files : (number + 1) * files]
        if chosen:
            yield _repository(folder / f"sources_{number}", chosen)


def copy_of(source: Path, folder: Path) -> Path:
    """Copy a folder, without its git history, into a git repository."""
    target = folder / source.name
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    _commit(target)
    return target


def source_files(repository: Path) -> list[Path]:
    """Return the files that git lists."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True)
    paths = [repository / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _installed_sources() -> list[tuple[str, Path]]:
    """Return (path in the repository, file) in the order of a hash."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"])
    roots = {"standard": library, "packages": Path(paths["purelib"]), "more": library / "site-packages"}
    roots |= {f"system_{root.name.removesuffix('_modules')}": root for root in MORE_ROOTS}
    found = {
        f"{name}/{file.relative_to(root)}": file.resolve() for name, root in roots.items() for file in _sources(root)
    }
    distinct = {file: name for name, file in found.items()}
    return sorted(((name, file) for file, name in distinct.items()), key=lambda each: _order(each[0]))


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - PRUNED)
        files = [Path(folder, name) for name in names]
        yield from (file for file in files if file.suffix in EXTENSIONS and file.is_file() and _has_fit_size(file))


def _has_fit_size(file: Path) -> bool:
    return 0 < file.stat().st_size <= MAX_BYTES


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()


def _repository(folder: Path, chosen: Sequence[tuple[str, Path]]) -> Path:
    for name, file in chosen:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    _commit(folder)
    return folder


def _commit(folder: Path) -> None:
    """Make the folder a git repository with everything in it, whatever ignore files say, in one commit."""
    author = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "gc.auto=0")
    for arguments in (["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message", "Sources"]):
        subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)
