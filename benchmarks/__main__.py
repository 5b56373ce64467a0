"""Run benchmarks: `python -m benchmarks [NAME...] [--json FILE] [--markdown FILE] [--quick] [--corpus FOLDER]`."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.homes import running_home
from benchmarks.measure import Figure, machine
from benchmarks.options import Options
from benchmarks.report import print_figures, print_machine, write_json, write_markdown
from moorage.core.postgres.pools import connect
from moorage.core.telemetry.logs import configure_logging

SUBJECTS = (
    "index", "search", "projects", "fleet", "backup", "access", "start", "overhead", "entities", "finding", "work",
    "databases",
)  # fmt: skip


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work, to see that everything runs.")] = False,
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(SUBJECTS)}; default all.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures into this file as well.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables into this file as well.")] = None,
    corpus: Annotated[
        Path | None, typer.Option(help="Folder of sources to index; default those installed on this machine.")
    ] = None,
) -> None:
    """Measure Moorage against floors taken in the same run."""
    wanted = names or list(SUBJECTS)
    if unknown := set(wanted) - set(SUBJECTS):
        raise typer.BadParameter(f"no benchmark {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    configure_logging(level="WARNING")
    asyncio.run(_run(wanted, Options(corpus, quick=quick), json, markdown))


async def _run(names: list[str], options: Options, json: Path | None, markdown: Path | None) -> None:
    console = Console()
    described = await _machine()
    print_machine(console, described)
    figures: dict[str, list[Figure]] = {}
    for name in names:
        figures[name] = await importlib.import_module(f"benchmarks.{name}").measure(options)
        print_figures(console, name, figures[name])
        if json:  # after each, so that a run that is stopped leaves what it has
            write_json(json, described, figures)
        if markdown:
            write_markdown(markdown, described, figures)


async def _machine() -> dict[str, Any]:
    with running_home() as home:
        connection = await connect(home.address, "postgres")
        version = await connection.fetchval("SHOW server_version")
        await connection.close()
    return machine(version)


if __name__ == "__main__":
    program = typer.Typer(pretty_exceptions_enable=False)
    program.command()(main)
    program()
