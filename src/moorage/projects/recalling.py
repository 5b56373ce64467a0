"""Projects as they were found a moment ago, so that not every call asks the registry first.

Only what leads straight to a project's own database goes by it, because PostgreSQL itself refuses there what has
changed since: an archived or moving project takes no writes, and the connections to a database that was dropped or
replaced are ended, whereupon the registry is asked again. A project in any other state than ready is never remembered.
"""

from __future__ import annotations

from time import monotonic

from moorage.projects.models import Project, ProjectState

RECALL_SECONDS = 1.0
REMEMBERED_PROJECTS = 1_000


class RecentProjects:
    """What the registry said in the last second.

    Attributes:
        changes: how often everything was forgotten; what was read before the last time is not remembered.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._found: dict[str, tuple[float, Project]] = {}

    def get(self, name: str) -> Project | None:
        found_at, project = self._found.get(name, (0.0, None))
        return project if monotonic() - found_at < RECALL_SECONDS else None

    def put(self, project: Project, *, changes: int) -> None:
        """Remember a project that is ready, unless something may have changed since it was read at `changes`."""
        if project.state is ProjectState.READY and changes == self.changes:
            if len(self._found) >= REMEMBERED_PROJECTS:
                self._found.pop(next(iter(self._found)))
            self._found[project.name] = (monotonic(), project)

    def forget(self, name: str) -> None:
        self._found.pop(name, None)

    def forget_all(self) -> None:
        self.changes += 1
        self._found.clear()
