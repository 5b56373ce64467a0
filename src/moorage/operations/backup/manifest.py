"""The manifest of a backup: what is in it, from where, and how to tell that it is unharmed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError, model_validator

from moorage.core.values import GivenValue
from moorage.operations.backup.errors import BackupNotFound, ManifestNewer, ManifestUnreadable
from moorage.projects.models import Project, parse_project_name

FORMAT = 1
MANIFEST_FILE = "manifest.json"
REGISTRY_FILE = "registry.dump"
PROJECTS_FOLDER = "projects"

_SHA256 = r"^[0-9a-f]{64}$"
_FILE = re.compile(r"registry\.dump|projects/[a-z0-9_]{1,55}\.dump")
_FOLDER_NAME = re.compile(r"moorage-\d{8}T\d{6}Z(-\d+)?")


def _inside(file: str) -> str:
    """Refuse any path but those that a backup has: a tampered manifest must not lead out of its folder."""
    if not _FILE.fullmatch(file):
        raise ValueError(f"{file!r} is not the name of a file in a backup")
    return file


class DumpedFile(GivenValue):
    """One dump, in pg_dump's custom format.

    Attributes:
        file: below the folder of the backup, with "/".
        server_version: of the server it came from, such as "18.4".
        dumped_with: the version of pg_dump; pg_restore must not be older.
        tables: how many rows each table had, by "schema.table", in the very snapshot that was dumped.
    """

    file: Annotated[str, AfterValidator(_inside)]
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)
    server_version: str
    dumped_with: str
    tables: dict[str, int]


class BackedUpRegistry(DumpedFile):
    """The registry; `revision` is the one its tables had."""

    database_name: str
    revision: str


class BackedUpProject(DumpedFile):
    """One project.

    Attributes:
        project: its row of the registry when the backup began.
        lines: the revision of each system's tables, by the system's name.
        settings: of the database itself (`ALTER DATABASE ... SET`), as "name=value"; pg_dump leaves them out.
        extensions: the version of each extension, by its name.
    """

    project: Project
    lines: dict[str, str]
    settings: tuple[str, ...] = ()
    extensions: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self.project.name

    @model_validator(mode="after")
    def _is_where_its_name_says(self) -> BackedUpProject:
        if self.file != file_of_project(parse_project_name(self.name)):
            raise ValueError(f"{self.file!r} is not the file of project {self.name!r}")
        return self


class LeftOut(GivenValue):
    """A project that is not in the backup, and why."""

    name: str
    reason: str


class Manifest(GivenValue):
    """What is in a backup.

    Attributes:
        program_version: of the Moorage that wrote it.
        registry: None in a backup of chosen projects.
        skipped: projects in a state that has no database worth keeping: half-made, being deleted.
        failed: projects that should be in it and are not.
    """

    format: Literal[1] = FORMAT
    program_version: str
    started_at: AwareDatetime
    finished_at: AwareDatetime
    registry: BackedUpRegistry | None
    projects: tuple[BackedUpProject, ...]
    skipped: tuple[LeftOut, ...] = ()
    failed: tuple[LeftOut, ...] = ()

    @property
    def files(self) -> tuple[DumpedFile, ...]:
        return (*((self.registry,) if self.registry else ()), *self.projects)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)

    @property
    def is_full(self) -> bool:
        """Whether it holds the registry and every project there was to back up."""
        return self.registry is not None and not self.failed

    def project(self, name: str) -> BackedUpProject | None:
        """Return the project of this name; None when the backup does not have it."""
        return next((each for each in self.projects if each.name == name), None)


def read_manifest(backup: Path) -> Manifest:
    """Return the manifest of a backup's folder.

    Raises:
        BackupNotFound: there is no such folder, or it is no backup.
        ManifestNewer: a newer Moorage wrote it.
        ManifestUnreadable: it is not JSON, or not what a manifest is.
    """
    file = backup / MANIFEST_FILE
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackupNotFound(f"{backup} is no backup", hint="`moorage backups` lists those there are.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error
    try:
        written = _Format.model_validate_json(text).format
        if written > FORMAT:
            raise ManifestNewer(
                f"{file} has format {written}, this program reads up to {FORMAT}", hint="Upgrade Moorage."
            )
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _unreadable(file, f"{place}: {first['msg']}".removeprefix(": ")) from error


def path_of(backup: Path, dumped: DumpedFile) -> Path:
    """Return where a dump of the backup lies on this machine."""
    return backup.joinpath(*PurePosixPath(dumped.file).parts)


def file_of_project(name: str) -> str:
    return f"{PROJECTS_FOLDER}/{name}.dump"


def folder_name(moment: datetime, *, number: int = 1) -> str:
    """Return the name of a backup begun at this moment; the second and further ones of a second are numbered."""
    stamp = moment.astimezone(UTC).strftime("moorage-%Y%m%dT%H%M%SZ")
    return stamp if number == 1 else f"{stamp}-{number}"


def is_folder_name(name: str) -> bool:
    return _FOLDER_NAME.fullmatch(name) is not None


class _Format(BaseModel):
    """The one thing that every format of the manifest says in the same place."""

    format: int


def _unreadable(file: Path, reason: str) -> ManifestUnreadable:
    return ManifestUnreadable(f"{file} cannot be read: {reason}", hint="Take another backup; this one is damaged.")
