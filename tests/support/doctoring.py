"""What tests of the doctor ask: what is found about one name, mended or not."""

from __future__ import annotations

from moorage.core.shape import Finding
from moorage.operations.doctor.examination import Doctor
from moorage.operations.doctor.mending import Outcome, treat


async def found(doctor: Doctor, name: str) -> dict[str, Finding]:
    """Return what is found about a project, a database or an index with this name in it, by code."""
    return {each.code: each for each in await doctor.examine() if name in each.subject}


async def mended(doctor: Doctor, name: str, code: str) -> dict[str, Finding]:
    """Assert that a finding is there and can be mended; return what is found about the name afterwards."""
    before = await found(doctor, name)
    assert code in before
    treated = await treat(doctor, before[code])
    assert (treated.outcome, treated.detail) == (Outcome.MENDED, "")
    return await found(doctor, name)
