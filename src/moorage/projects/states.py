"""What the state of a project allows, and how a call is refused that it does not allow."""

from __future__ import annotations

from moorage.projects.errors import ProjectArchived, ProjectNotReady
from moorage.projects.models import Project, ProjectState

STANDING_STATES = (ProjectState.READY, ProjectState.ARCHIVED)
_UNARCHIVE = "Unarchive it first: `moorage project unarchive`, or update_project with archived=false."
_WAYS_OUT = {
    ProjectState.CREATING: "Call create_project again: it goes on where it was interrupted.",
    ProjectState.DELETING: "Call delete_project again to finish, then create it anew.",
    ProjectState.COPYING: "It is being restored or cloned; `moorage doctor` tells whether that still goes on.",
    ProjectState.ARCHIVED: _UNARCHIVE,
    ProjectState.MOVING: "Repeat the call when it has moved; meanwhile it can be read.",
    ProjectState.READY: "Its state changed just now; repeat the call.",
}


def standing(project: Project) -> Project:
    """Return the project if nothing is being done to it.

    Raises:
        ProjectNotReady: it is being made, copied, moved or deleted.
    """
    if project.state not in STANDING_STATES:
        raise not_ready(project)
    return project


def not_ready(project: Project) -> ProjectNotReady:
    """Return the refusal of a call that needs the project in another state."""
    return ProjectNotReady(
        f"project {project.name!r} is {project.state.value}",
        hint=_WAYS_OUT[project.state],
        project_name=project.name,
        state=project.state.value,
    )


def read_only(project: Project) -> ProjectArchived | ProjectNotReady:
    """Return the refusal of a call that would write where one only reads, or did a moment ago."""
    if project.state is not ProjectState.ARCHIVED:
        return not_ready(project)
    return ProjectArchived(
        f"project {project.name!r} is archived: it is only read",
        hint=_UNARCHIVE,
        project_name=project.name,
    )
