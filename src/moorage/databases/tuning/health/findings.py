"""Findings of health: in the shape that all of Moorage's findings have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from moorage.core.postgres.queries import load_statements
from moorage.core.shape import Finding, Severity
from moorage.databases.connectors.session import Session

statements = load_statements("moorage.databases.tuning.health")
# Of each kind so many are told of one database.
MOST_OF_A_KIND = 5

Check = Callable[[Session], Awaitable[Iterable[Finding]]]
_ORDER = {severity: place for place, severity in enumerate((Severity.ERROR, Severity.WARNING, Severity.INFO))}


def error(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, subject=subject, message=message, remedy=remedy)


def warning(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, subject=subject, message=message, remedy=remedy)


def note(code: str, subject: str, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, subject=subject, message=message, remedy=remedy)


def weight(severity: Severity) -> int:
    """Return the place of a severity, the worst 0."""
    return _ORDER[severity]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by severity; equal ones stay in the order in which they were found."""
    return sorted(findings, key=lambda each: weight(each.severity))
