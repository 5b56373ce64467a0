"""What is asked of a restore, what it will do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from moorage.core.values import Value
from moorage.operations.backup.manifest import BackedUpProject, LeftOut
from moorage.projects.models import Project, ProjectState

Outcome = Literal["to restore", "to replace", "restored", "replaced", "failed"]


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        names: these projects of the backup; none are all, with the registry where that is empty.
        new_name: of the one project, which then comes beside the one it was backed up from.
        replace: living projects of the same names go once the restored ones are whole.
        force: replace them also while somebody works in them.
        server: where to place them; None is where they were.
    """

    names: tuple[str, ...] = ()
    new_name: str | None = None
    replace: bool = False
    force: bool = False
    server: str | None = None


class PlannedProject(Value):
    """A project that will be restored.

    Attributes:
        source: as the backup has it.
        project: its row as it will be when it is whole, save for what only the registry knows then.
        living: the project it replaces.
    """

    source: BackedUpProject
    project: Project
    living: Project | None = None

    @property
    def name(self) -> str:
        return self.project.name


class RestorePlan(Value):
    """What a restore will do.

    Attributes:
        with_registry: tombstones and tokens are restored too.
        kept: projects that an interrupted run of this restore has restored already.
    """

    backup: Path
    projects: tuple[PlannedProject, ...]
    with_registry: bool
    kept: tuple[str, ...] = ()


class RestoredProject(Value):
    """What became of one project.

    Attributes:
        source: its name in the backup.
        bytes: of its dump. rows: of all its tables, as many as the manifest says.
        indexes_built: indexes over vectors, and those that had to be built anew.
        migrated: the systems whose tables were older than this program, with the revision they had.
        notes: what is not as it was, for people.
        error: why it failed; nothing of it was put in place then.
    """

    name: str
    source: str
    outcome: Outcome
    server: str
    bytes: int
    state: ProjectState
    rows: int = 0
    indexes_built: tuple[str, ...] = ()
    migrated: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    error: dict[str, Any] | None = None
    seconds: float = 0.0


class RestoreReport(Value):
    """What was restored.

    Attributes:
        kept: projects that an interrupted run had restored already.
        tombstones, tokens: how many came back; None where the registry was not empty, or was not asked for.
        absent: projects that the backup does not hold, and why.
    """

    backup: Path
    projects: tuple[RestoredProject, ...]
    kept: tuple[str, ...] = ()
    tombstones: int | None = None
    tokens: int | None = None
    absent: tuple[LeftOut, ...] = ()

    @property
    def failed(self) -> bool:
        return any(each.outcome == "failed" for each in self.projects)
