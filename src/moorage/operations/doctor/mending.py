"""Mending what was found: with consent, under the project's lock, and only if it is still there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum

from moorage.core.errors import MoorageError
from moorage.core.postgres.errors import translated
from moorage.core.shape import Finding
from moorage.operations.doctor.examination import Doctor
from moorage.projects import store as registry_store

# Whoever works at the project is left alone after this long; the mending is told as failed, and may be repeated.
LOCK_WAIT_SECONDS = 10


class Outcome(StrEnum):
    """What became of a finding."""

    MENDED = "mended"
    GONE = "gone"
    FAILED = "failed"
    LEFT = "left"


class TreatedFinding(Finding):
    """A finding, and what was done about it.

    Attributes:
        outcome: `gone` when somebody else mended it meanwhile; `left` when nobody consented, or nothing can be done.
        detail: why it failed.
    """

    outcome: Outcome
    detail: str = ""


def left(finding: Finding) -> TreatedFinding:
    """Return a finding that nothing was done about."""
    return TreatedFinding(**finding.model_dump(), outcome=Outcome.LEFT)


async def treat(doctor: Doctor, finding: Finding) -> TreatedFinding:
    """Mend a finding if it still is one; a failure is an outcome and stops nothing else."""
    try:
        with translated(f"mending {finding.subject}"):
            outcome = await _mend(doctor, finding)
    except MoorageError as error:
        return TreatedFinding(**finding.model_dump(), outcome=Outcome.FAILED, detail=f"{error.message} {error.hint}")
    return TreatedFinding(**finding.model_dump(), outcome=outcome)


async def _mend(doctor: Doctor, finding: Finding) -> Outcome:
    async with _locked(doctor, finding):
        again = await doctor.find_again(finding, holds_lock=not finding.locks_itself)
        if again is None:
            return Outcome.GONE
        if again.mend is None or (again.deletes_data and not finding.deletes_data):  # nobody consented to that
            return Outcome.LEFT
        await again.mend()
        return Outcome.MENDED


@asynccontextmanager
async def _locked(doctor: Doctor, finding: Finding) -> AsyncGenerator[None]:
    """Keep others from the project meanwhile, unless the mending does that itself."""
    if finding.project_name is None or finding.locks_itself:
        yield
        return
    async with doctor.connections.provisioner.registry_transaction() as registry:
        await registry.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'")
        await registry_store.project_lock_in(registry, finding.project_name)
        yield
