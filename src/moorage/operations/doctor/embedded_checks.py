"""What is told of the embedded PostgreSQL before anybody has connected to it; any command puts it right."""

from __future__ import annotations

from collections.abc import Iterator

from moorage.core.postgres.embedded import EmbeddedServer
from moorage.core.shape import Finding, Severity
from moorage.projects.models import MAIN_SERVER


def embedded_findings(server: EmbeddedServer) -> Iterator[Finding]:
    """Yield what processes that were killed have left behind."""
    stranger = server.stale_pid()
    if stranger is not None:
        yield _finding(
            "stale_postmaster_pid",
            f"its postmaster.pid is from before a crash and names process {stranger}, which is another program",
            "The file is taken away when the server is started, as just now; the other program is left alone.",
        )
    if server.is_left_running():
        yield _finding(
            "server_left_running",
            "it ran though no process used it: those that did were killed",
            "It stops when the last command leaves, as this one.",
        )


def _finding(code: str, message: str, remedy: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.INFO,
        subject="the embedded server",
        message=message,
        remedy=remedy,
        server=MAIN_SERVER,
    )
