"""Figures, what they are compared with, and how both are timed."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

Act = Callable[[], Awaitable[Any]]
Timing = Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Floor:
    """The least that the same work costs without us, in the unit of the figure."""

    what: str
    value: float


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        target: what the design asks for, in the figure's unit; None where it asks for nothing.
        better: whether less or more of it is better.
    """

    name: str
    value: float
    unit: str
    floor: Floor | None = None
    target: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor.value if self.floor and self.floor.value else None

    @property
    def is_met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "less" else self.value >= self.target

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "is_met": self.is_met}


@dataclass(frozen=True)
class Times:
    """Seconds of many calls of one thing, ascending."""

    seconds: tuple[float, ...]

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        return cls(tuple(sorted(seconds)))

    def percentile(self, share: float) -> float:
        """Return the nearest-rank percentile in milliseconds; `share` is 0.5 for the median."""
        return self.seconds[min(int(share * len(self.seconds)), len(self.seconds) - 1)] * 1000

    @property
    def median(self) -> float:
        """In milliseconds."""
        return self.percentile(0.5)


def latencies(
    name: str,
    times: Times,
    *,
    floor: tuple[str, Times] | None = None,
    targets: Mapping[float, float] | None = None,
    shares: Sequence[float] = (0.5, 0.95, 0.99),
) -> list[Figure]:
    """Return percentiles in milliseconds, each against the same percentile of the floor.

    Args:
        targets: milliseconds by percentile.
    """
    return [
        Figure(
            f"{name}, p{round(share * 100)}",
            times.percentile(share),
            "ms",
            Floor(floor[0], floor[1].percentile(share)) if floor else None,
            (targets or {}).get(share),
        )
        for share in shares
    ]


async def timed(act: Act) -> float:
    """Return the seconds that one call takes."""
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def interleaved(acts: Sequence[Act], *, rounds: int, warm_up: int = 3) -> list[Times]:
    """Time several things in turn, one call of each a round, so that a busy moment of the machine hits all alike."""
    return await in_turn([partial(timed, act) for act in acts], rounds=rounds, warm_up=warm_up)


async def in_turn(timings: Sequence[Timing], *, rounds: int, warm_up: int) -> list[Times]:
    """Like `interleaved`, for acts that say themselves how many seconds they took."""
    for _ in range(warm_up):
        for timing in timings:
            await timing()
    taken: list[list[float]] = [[] for _ in timings]
    for _ in range(rounds):
        for seconds, timing in zip(taken, timings, strict=True):
            seconds.append(await timing())
    return [Times.of(seconds) for seconds in taken]


def machine(postgres_version: str) -> dict[str, Any]:
    """Say on what was measured, and how busy it was with other things before."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": postgres_version,
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
