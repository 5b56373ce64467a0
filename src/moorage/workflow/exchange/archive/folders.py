"""The folder of an export: safe names, whole files, nothing of anybody else touched.

A new folder appears at once, by a rename. In one that is an export already, files are put in place one by one, each
whole, and only those that differ; a folder that was left half-way is mended by the next export.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.archive.models import FORMAT, FORMAT_VERSION, Manifest
from moorage.workflow.exchange.importers.reading import refuse_unfit_text
from moorage.workflow.parsing import parse_json

MANIFEST = "moorage-export.json"
TYPES, DEPLOYMENTS = "types", "deployments"
MAX_FILE_BYTES = 64 * 1024 * 1024
_SHOWN_PROBLEMS = 5
_NAME = r"[a-z_][a-z0-9_]{0,62}"
_KEY = r"[A-Z][A-Z0-9_]*-[1-9][0-9]{0,17}"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Keys have capitals and ids have four dashes, so that types of any name keep out of each other's way.
TYPE_FILE = re.compile(rf"{TYPES}/(?P<name>{_NAME})\.json")
ENTITY_FILE = re.compile(rf"(?P<schema_name>{_NAME})/(?P<key>{_KEY})\.json")
DEPLOYMENT_FILE = re.compile(rf"{DEPLOYMENTS}/(?P<id>{_UUID})\.json")
_OURS = (TYPE_FILE, ENTITY_FILE, DEPLOYMENT_FILE)

Document = TypeVar("Document", bound=BaseModel)


def text_of(document: BaseModel) -> str:
    """Return a document as it stands in its file: keys in order, one value a line, a line end last."""
    return json.dumps(document.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


class FolderWriter:
    """Writes an export beside its folder, and puts it in place when it is whole.

    Raises:
        InvalidInput: the folder holds something else than an export, or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        refuse_foreign(folder)
        self._folder = folder.resolve()
        self._beside = self._folder.parent / f".{self._folder.name}.{uuid4().hex[:12]}"
        self._written: set[str] = set()

    def __enter__(self) -> Self:
        with _told(self._folder):
            self._beside.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._beside, ignore_errors=True)

    def write(self, path: str, document: BaseModel) -> None:
        """Write one file; `path` is one of ours."""
        assert any(each.fullmatch(path) for each in _OURS), path
        self._put(path, document)

    def finish(self) -> tuple[int, int]:
        """Put everything in place; return how many files changed, and how many of before are gone."""
        with _told(self._folder):
            self._put(MANIFEST, Manifest())
            if not self._folder.exists():
                self._beside.rename(self._folder)
                return len(self._written), 0
            changed = sum(self._put_in_place(path) for path in sorted(self._written))
            return changed, self._remove_others()

    def _put(self, path: str, document: BaseModel) -> None:
        file = self._beside / path
        with _told(self._folder):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text_of(document), encoding="utf-8", newline="\n")
        self._written.add(path)

    def _put_in_place(self, path: str) -> bool:
        """Move a file over the one of before, unless that has the same content."""
        new, old = self._beside / path, self._folder / path
        if old.is_file() and not old.is_symlink() and old.read_bytes() == new.read_bytes():
            return False
        old.parent.mkdir(exist_ok=True)
        new.replace(old)
        return True

    def _remove_others(self) -> int:
        others = [path for path in files_of(self._folder) if path not in self._written]
        for path in others:
            (self._folder / path).unlink()
        for parent in {(self._folder / path).parent for path in others}:
            if not any(parent.iterdir()):
                parent.rmdir()
        return len(others)


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds something, but no export; what git keeps there does not count.

    Raises:
        InvalidInput.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InvalidInput(f"{folder} is no folder", hint="Name a folder that is there or can be made.")
    if not folder.exists() or (folder / MANIFEST).is_file():
        _refuse_links(folder)
        return
    if any(not each.name.startswith(".git") for each in folder.iterdir()):
        raise InvalidInput(
            f"{folder} holds something that is no export",
            hint="Name an empty folder, a new one, or one that was exported to before.",
        )


def files_of(folder: Path) -> list[str]:
    """Return the files of an export in order, as paths inside the folder; what is not ours is not looked at."""
    folders = [each for each in folder.iterdir() if each.is_dir() and not each.is_symlink()]
    paths = [f"{each.name}/{file.name}" for each in folders for file in each.iterdir() if file.is_file()]
    return sorted(path for path in paths if any(each.fullmatch(path) for each in _OURS))


def refuse_no_export(folder: Path) -> None:
    """Refuse a folder that is no export, or one of a newer program.

    Raises:
        InvalidImport.
    """
    hint = "Name the folder that `moorage workflow export` wrote."
    if not (folder / MANIFEST).is_file():
        raise InvalidImport(f"{folder} is no export: it has no {MANIFEST}", hint=hint)
    manifest = read_document(folder, MANIFEST, Manifest)
    if (manifest.format, manifest.version) != (FORMAT, FORMAT_VERSION):
        raise InvalidImport(
            f"{folder} is an export of another program or version: {manifest.format} {manifest.version}",
            hint=f"This program reads {FORMAT!r}, version {FORMAT_VERSION}.",
        )


def read_document(folder: Path, path: str, kind: type[Document]) -> Document:
    """Return the document in a file.

    Raises:
        InvalidImport: it is too large, no JSON, or not what such a file holds.
    """
    file = folder / path
    if file.is_symlink():
        raise InvalidImport(f"{path} is a symbolic link", hint="Put the file itself there.")
    size = file.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InvalidImport(f"{path} has {size:,} bytes, {MAX_FILE_BYTES:,} at most", hint="Is it of an export?")
    try:
        text = file.read_text(encoding="utf-8")
        refuse_unfit_text(text, what=path, max_bytes=MAX_FILE_BYTES, is_json=True)
        return kind.model_validate(parse_json(text, what=path))
    except UnicodeDecodeError as error:
        raise InvalidImport(f"{path} is no UTF-8, from byte {error.start} on", hint="Export it anew.") from None
    except ValidationError as error:
        raise InvalidImport(f"{path}: {_said(error)}", hint="Correct the places named, or export anew.") from None


def _said(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)[:_SHOWN_PROBLEMS]
    return "; ".join(f"/{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in problems)


def _refuse_links(folder: Path) -> None:
    """Refuse folders inside an export that lead elsewhere: nothing is written outside."""
    if not folder.exists():
        return
    links = [each.name for each in folder.iterdir() if each.is_symlink()]
    if links:
        raise InvalidInput(
            f"{folder} has symbolic links: {', '.join(links[:5])}", hint="Remove them, or export elsewhere."
        )


@contextmanager
def _told(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be written: {error}", hint="Name a folder that you may write to."
        ) from error
