"""SQL over many databases alone: `python -m moorage.databases`, without registry, projects or embedded PostgreSQL.

The flags and variables are those of the founding design's command lines. A flag wins over its variable, and both over
the file. Nobody is asked who calls, so it serves one client on standard input and output, or this machine alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

import moorage
from moorage.core.errors import InvalidInput, MoorageError
from moorage.core.http.guards import is_loopback
from moorage.core.mcp.server import McpServer, build_server
from moorage.core.postgres.embedded import default_home
from moorage.core.serving import NotLoopback, serve_http, serve_stdio
from moorage.core.shape import chosen_tools
from moorage.core.telemetry.logs import configure_logging
from moorage.databases.opening import open_databases
from moorage.databases.service import DatabasesService
from moorage.databases.settings import DatabasesSettings
from moorage.databases.sources.configuration import ADDED_FILE, CONFIG_FILE, Configuration
from moorage.databases.sources.single import single_database, single_of_variables
from moorage.databases.tools import tools_by_profile

log = structlog.get_logger(__name__)

NAMED_IDS = 8
DEFAULT_HTTP_PORT = 8000
_FIELDS = ("resource_arn", "secret_arn", "database", "region", "readonly", "hostname", "port", "username", "url")
_EXAMPLES = """\
examples:
  python -m moorage.databases --config databases.yaml
  python -m moorage.databases --hostname localhost --database shop --username reader --readonly true
  python -m moorage.databases --resource_arn arn:aws:rds:us-west-2:123456789012:cluster:primary \\
      --secret_arn arn:aws:secretsmanager:us-west-2:123456789012:secret:primary --database production
  POSTGRES_DATABASE=shop FASTMCP_PORT=8001 python -m moorage.databases --transport streamable-http
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the client leaves or the process is told to stop."""
    flags = parse_flags(arguments)
    configure_logging(level=flags.log_level)
    try:
        settings = settings_from(flags, os.environ)
        asyncio.run(_serve(settings, flags))
    except MoorageError as error:
        sys.exit(_told(error))


def parse_flags(arguments: Sequence[str] | None) -> Namespace:
    """Read the command line; None is that of the process."""
    return _parser().parse_args(arguments)


def settings_from(flags: Namespace, environment: Mapping[str, str]) -> DatabasesSettings:
    """Return what flags, variables and the file say.

    Raises:
        InvalidDefinition: every problem of the file, or of the one database; or there is no database at all.
    """
    named = flags.config or environment.get("MOORAGE_CONFIG")
    fields = {name: value for name in _FIELDS if (value := getattr(flags, name)) is not None}
    given = single_of_variables(environment, beside_registry=False)
    if "url" in fields or "database" in fields or "database" in given or not named:
        fields = _without_alternatives(given, fields) | fields
    if not named and not fields:
        named = next((each for each in (CONFIG_FILE, home_of(environment) / ADDED_FILE) if Path(each).is_file()), None)
    single = single_database(fields, region=environment.get("AWS_REGION")) if fields or not named else None
    return Configuration(None if named is None else Path(named).absolute(), single, environment).read()


def home_of(environment: Mapping[str, str]) -> Path:
    """Return the folder of everything Moorage keeps on this machine; the audit log is there."""
    return Path(environment.get("MOORAGE_HOME") or default_home())


def _without_alternatives(given: Mapping[str, str], flags: Mapping[str, str]) -> dict[str, str]:
    """Return what variables give, without what a flag says in another way."""
    if "url" in flags:
        return {}
    other = {"resource_arn": {"hostname", "port", "username", "password"}, "hostname": {"resource_arn"}}
    left_out = {name for flag in flags for name in other.get(flag, ())}
    return {name: value for name, value in given.items() if name not in left_out}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "python -m moorage.databases",
        description="SQL over many PostgreSQL databases, over MCP.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="YAML with default_database, databases and sql (MOORAGE_CONFIG)")
    _add_database_flags(parser)
    _add_serving_flags(parser)
    return parser


def _add_database_flags(parser: ArgumentParser) -> None:
    one = parser.add_argument_group("one database, which calls mean that name none")
    one.add_argument("--database", help="its name on the server (POSTGRES_DATABASE)")
    one.add_argument("--readonly", metavar="true|false", help="whether it is only read, default true")
    one.add_argument("--hostname", help="of its server, default localhost (POSTGRES_HOSTNAME, POSTGRES_HOST)")
    one.add_argument("--port", help="of its server, default 5432 (POSTGRES_PORT)")
    one.add_argument("--username", help="who logs in (POSTGRES_USER; the password is POSTGRES_PASSWORD)")
    one.add_argument("--url", help="all of that as postgresql://user@host:port/database")
    one.add_argument("--resource_arn", "--resource-arn", help="an Aurora cluster, by the RDS Data API")
    one.add_argument("--secret_arn", "--secret-arn", help="of AWS Secrets Manager, with user and password")
    one.add_argument("--region", help="of AWS, where the ARN does not say it (POSTGRES_REGION, AWS_REGION)")


def _add_serving_flags(parser: ArgumentParser) -> None:
    serving = parser.add_argument_group("serving")
    serving.add_argument("--transport", choices=("stdio", "streamable-http", "sse"), default="stdio")
    serving.add_argument("--host", help="to listen at, on this machine (FASTMCP_HOST, default 127.0.0.1)")
    serving.add_argument("--http_port", "--http-port", type=int, help="to listen at (FASTMCP_PORT, default 8000)")
    serving.add_argument(
        "--log_level", "--log-level", type=str.upper, choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO",
        help="least level that is logged to stderr, default INFO",
    )  # fmt: skip


async def _serve(settings: DatabasesSettings, flags: Namespace) -> None:
    async with open_databases(settings, home=home_of(os.environ)) as service:
        server = build_server(
            name="moorage-databases",
            version=moorage.__version__,
            instructions=instructions(settings),
            tools=chosen_tools(tools_by_profile(service), settings.sql.tools),
        )
        if flags.transport == "stdio":
            await serve_stdio(server)
        else:
            await _serve_over_http(server, service, flags)


async def _serve_over_http(server: McpServer, service: DatabasesService, flags: Namespace) -> None:
    from moorage.core.http.app import build_app
    from moorage.core.http.page import Page

    host = flags.host or os.environ.get("FASTMCP_HOST") or "127.0.0.1"
    if not is_loopback(host):
        raise NotLoopback(
            f"{host} can be reached from other machines, and here nobody is asked who calls",
            hint="`moorage serve databases` serves others: it has tokens. Or leave the host out: 127.0.0.1.",
            host=host,
        )
    door = build_app(
        doors={"/mcp": server},
        page=Page(f"Moorage databases {moorage.__version__}", {"/mcp": "SQL over many databases."}),
        checks=[service.catalog.check],
        sse=flags.transport == "sse",
    )
    port = _http_port(flags, os.environ)
    await serve_http(door, host=host, port=port, on_listening=lambda url: log.info("serve.listening", url=url))


def _http_port(flags: Namespace, environment: Mapping[str, str]) -> int:
    if flags.http_port is not None:
        return flags.http_port
    text = environment.get("FASTMCP_PORT") or str(DEFAULT_HTTP_PORT)
    if not text.isdecimal():
        raise InvalidInput(f"FASTMCP_PORT is no port: {text[:20]!r}", hint="Give a number from 0 to 65535.")
    return int(text)


def instructions(settings: DatabasesSettings) -> str:
    """Return what models read first: which databases there are, as far as a handful tells that."""
    ids = sorted(settings.databases)
    more = f" and {len(ids) - NAMED_IDS} more" if len(ids) > NAMED_IDS else ""
    default = f" Calls without database_id mean {settings.default_database}." if settings.default_database else ""
    return (
        f"SQL over PostgreSQL databases: {', '.join(ids[:NAMED_IDS])}{more}; list_databases tells what each is for."
        f"{default} search_objects and get_table_schema show what is in one, run_query reads it with SQL."
    )


def _told(error: MoorageError) -> int:
    """Say what is wrong, and return the status that the program ends with."""
    print(error.as_text(), file=sys.stderr)  # noqa: T201 - for people
    return 2 if isinstance(error, InvalidInput) else 1
