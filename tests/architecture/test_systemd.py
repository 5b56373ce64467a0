"""The units of deploy/systemd do what the program can."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.test_docs import _parses

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"


def started_by(unit: Path) -> list[str]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.name)
def test_a_service_starts_commands_that_there_are(unit: Path):
    commands = [f"moorage {line.partition('/moorage ')[2]}" for line in started_by(unit)]
    assert commands
    assert [line for line in commands if not _parses(line)] == []


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.timer")), ids=lambda unit: unit.name)
def test_a_timer_has_a_service(unit: Path):
    assert unit.with_suffix(".service").exists()
