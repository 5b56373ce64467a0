"""SQL over many databases alone: `python -m moorage.databases`, without registry, projects or embedded PostgreSQL.

The flags and variables are those of the founding design's command lines.
"""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import TypeAdapter

import moorage
from moorage.core.mcp.server import build_server
from moorage.core.serving import serve_stdio
from moorage.core.shape import chosen_tools
from moorage.databases.definitions import AnyDefinition
from moorage.databases.opening import open_databases
from moorage.databases.settings import DatabasesSettings, SqlSettings
from moorage.databases.tools import tools_by_profile


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the client leaves or the process is told to stop."""
    asyncio.run(_serve(_settings(_parser().parse_args(arguments))))


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m moorage.databases", description="SQL over many PostgreSQL databases, over MCP.")
    parser.add_argument("--config", type=Path, help="YAML with default_database and databases.")
    return parser


def _settings(flags: Namespace) -> DatabasesSettings:
    given = yaml.safe_load(flags.config.read_text()) or {}
    definitions = TypeAdapter(dict[str, AnyDefinition]).validate_python(given.get("databases", {}))
    sql = SqlSettings.model_validate(given.get("sql", {}))
    return DatabasesSettings(sql, given.get("default_database"), definitions, flags.config)


async def _serve(settings: DatabasesSettings) -> None:
    async with open_databases(settings) as service:
        server = build_server(
            name="moorage-databases",
            version=moorage.__version__,
            instructions="SQL over PostgreSQL databases; list_databases shows them.",
            tools=chosen_tools(tools_by_profile(service), settings.sql.tools),
        )
        await serve_stdio(server)


if __name__ == "__main__":
    main()
