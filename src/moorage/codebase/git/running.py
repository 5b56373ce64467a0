"""Running git: with which settings, in which environment, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from moorage.codebase.git.errors import failed, missing, timed_out

# What a repository's own configuration could make git run is switched off; only then is it harmless to read
# the repository of another user.
# https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
QUIET = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
ANY_OWNER = ("-c", "safe.directory=*")

_KEPT_VARIABLES = frozenset((
    *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY"),
    *("GIT_PROXY_SSL_CAINFO", "GIT_EXEC_PATH"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
))  # fmt: skip
_NO_PROMPTS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",  # Git Credential Manager
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",  # pointers instead of large files
    "LC_ALL": "C",  # messages we can read
}
# A repository may lack objects on purpose, and name the program that brings them (`remote.*.uploadpack`): reading
# HEAD would run it. So nothing is fetched, save where the caller names transports.
# https://git-scm.com/docs/git#Documentation/git.txt-GITALLOWPROTOCOL
_NO_TRANSPORT = {"GIT_ALLOW_PROTOCOL": ""}


def environment() -> dict[str, str]:
    """Return the environment for git: nothing that points it elsewhere, asks a person, or fetches.

    A server that was started by a git hook has GIT_DIR and GIT_INDEX_FILE set, which would win over the
    folder given.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT_VARIABLES}
    return kept | _NO_PROMPTS | _NO_TRANSPORT


async def run_git(*arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """Run git and return what it wrote, without the final line end; bound it with `time_limit`.

    Raises:
        GitFailed, GitMissing
    """
    process = await _started([*QUIET, *arguments], environment() | dict(variables or {}))
    try:
        output, complaint = await process.communicate()
    finally:
        await _ended(process)
    if process.returncode:
        raise failed(complaint)
    return os.fsdecode(output).removesuffix("\n")


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncGenerator[None]:
    """Bound everything inside; git and its helpers have ended when GitTimedOut is raised."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise timed_out(seconds) from error


async def _started(command: Sequence[str], variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            env=variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # no terminal to ask on, and a group of processes to end
        )
    except FileNotFoundError as error:
        raise missing() from error


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Leave no process behind: the helpers of git (ssh, remote-https) are in its group."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
