"""Results for people, as tables, and for programs, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figure

MET = {None: "", True: "met", False: "missed"}


def print_machine(console: Console, machine: Mapping[str, Any]) -> None:
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False, style="dim")


def print_figures(console: Console, subject: str, figures: Sequence[Figure]) -> None:
    """Print one row a figure: what it is, the floor, how many times the floor it is, and the target.

    What the floors are stands below the table, by number.
    """
    floors = _floors(figures)
    table = Table(title=subject, title_justify="left")
    table.add_column("figure")
    for column in ("measured", "floor", "ratio", "target"):
        table.add_column(column, justify="right")
    table.add_column("")
    for figure in figures:
        table.add_row(*_cells(figure, floors))
    console.print(table)
    for number, what in enumerate(floors, start=1):
        console.print(f"({number}) {what}", highlight=False, style="dim")


def write_json(file: Path, machine: Mapping[str, Any], figures: Mapping[str, Sequence[Figure]]) -> None:
    document = {
        "machine": machine,
        "figures": {subject: [each.as_dict() for each in some] for subject, some in figures.items()},
    }
    file.write_text(json.dumps(document, indent=2) + "\n")


def write_markdown(file: Path, machine: Mapping[str, Any], figures: Mapping[str, Sequence[Figure]]) -> None:
    """Write the tables as docs/benchmarks.md shows them."""
    lines = [", ".join(f"{name} {value}" for name, value in machine.items()), ""]
    for subject, some in figures.items():
        lines += [f"### {subject}", "", *_markdown_table(some), ""]
    file.write_text("\n".join(lines))


def _markdown_table(figures: Sequence[Figure]) -> list[str]:
    floors = _floors(figures)
    rows = [" | ".join(_cells(each, floors)) for each in figures]
    head = ["figure | measured | floor | ratio | target | ", "--- | ---: | ---: | ---: | ---: | ---"]
    notes = [f"({number}) {what}." for number, what in enumerate(floors, start=1)]
    return [*(f"| {row} |" for row in [*head, *rows]), "", *notes]


def _floors(figures: Sequence[Figure]) -> list[str]:
    return list(dict.fromkeys(each.floor.what for each in figures if each.floor))


def _cells(figure: Figure, floors: Sequence[str]) -> tuple[str, ...]:
    floor, ratio, target = figure.floor, figure.ratio, figure.target
    return (
        figure.name,
        f"{_number(figure.value)} {figure.unit}",
        f"{_number(floor.value)} ({floors.index(floor.what) + 1})" if floor else "",
        f"{ratio:.1f} ×" if ratio is not None else "",
        f"{'<' if figure.better == 'less' else '>'} {target:g}" if target is not None else "",
        MET[figure.is_met],
    )


def _number(value: float) -> str:
    """Write three digits that count; whole numbers from a hundred on."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
