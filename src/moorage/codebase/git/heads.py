"""Where a work tree stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moorage.codebase.git.errors import GitFailed, GitMissing
from moorage.codebase.git.running import ANY_OWNER, run_git, time_limit

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out.

    Attributes:
        commit: the full hash; None in a repository without commits.
        branch: its short name; None when the head is detached.
    """

    commit: str | None
    branch: str | None


async def head(root: Path) -> Head | None:
    """Return what is checked out at a folder; None when it is in no repository, or there is no git to ask."""
    async with time_limit(_TIMEOUT_SECONDS):
        try:
            await _ask(root, "rev-parse", "--git-dir")
        except (GitFailed, GitMissing):
            return None
        return Head(
            commit=await _ask_or_none(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
            branch=await _ask_or_none(root, "symbolic-ref", "--quiet", "--short", "HEAD"),
        )


async def _ask(root: Path, *arguments: str) -> str:
    return await run_git(*ANY_OWNER, "-C", str(root), *arguments)


async def _ask_or_none(root: Path, *arguments: str) -> str | None:
    """Return git's answer; None when it says, by failing quietly, that there is none."""
    try:
        return await _ask(root, *arguments)
    except GitFailed:
        return None
