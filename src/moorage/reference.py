"""What the program can say about itself from its own code: the pages of docs/reference.

`python -m moorage.reference FOLDER` writes the pages. They follow from the code alone: no PostgreSQL is opened, and
neither the environment nor a configuration file is read, so every machine writes the same text.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from typer.main import get_command

import moorage
from moorage.cli import app
from moorage.core.embedding.factory import make_embedder
from moorage.core.errors import MoorageError
from moorage.core.mcp.server import build_server
from moorage.core.postgres.address import Address
from moorage.core.shape import Opened, Resource
from moorage.core.telemetry.metrics import declared
from moorage.databases.settings import SqlSettings
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.ground import Ground
from moorage.projects.provisioning import Provisioner
from moorage.projects.service import ProjectService
from moorage.settings import REGISTRY_DATABASE, SettingRow, Settings, setting_rows
from moorage.systems import LINES, SYSTEMS
from moorage.workflow.settings import WorkflowSettings

MADE_BY = "<!-- Written by `python -m moorage.reference docs/reference`; change the code instead. -->"

CHARACTERS_PER_TOKEN = 4
"""About right for English and JSON with the usual tokenizers; the price of a tool needs no more precision."""

_PROFILES_OF_WORK = "../explanation/work-items.md#what-agents-see"
_PROFILES_OF_SQL = "../how-to/run-sql.md#what-agents-see"
_DEFAULT_HOME = "the platform's data folder"


def write_pages(folder: Path, command: Any) -> None:
    """Write every page into the folder; `command` is the root of the command line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(command).items():
        (folder / name).write_text(text, encoding="utf-8")


def pages(command: Any) -> dict[str, str]:
    """Return the text of each page of docs/reference by its file name."""
    return {
        "tools.md": tools_page(),
        "commands.md": commands_page(command),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "metrics.md": metrics_page(),
    }


def tools_page() -> str:
    """Return the page of MCP tools, as clients receive them."""
    defaults: Settings = Settings.model_construct()
    by_default = [tool for tools in asyncio.run(_served_tools(defaults)).values() for tool in tools]
    every_profile = {"workflow": WorkflowSettings(tools=("all",)), "sql": SqlSettings(tools=("all",))}
    every = defaults.model_copy(update=every_profile)
    served = asyncio.run(_served_tools(every))
    total = sum(map(_tokens, by_default))
    others = sum(map(len, served.values())) - len(by_default)
    lead = (
        f"{len(by_default)} tools by default; a client that lists them all reads about {total:,} tokens.",
        f"{others} more are in the profiles of [work items]({_PROFILES_OF_WORK}) and [databases]({_PROFILES_OF_SQL}).",
        "Of a failure every tool returns code, message, details and hint; the codes are in [errors](errors.md).",
    )
    sections = [part for name, tools in served.items() for part in (f"## {name}", *map(_tool_section, tools))]
    return _page("Tools", lead, [*sections, "## Resources", _resource_table(asyncio.run(_resources(defaults)))])


def commands_page(command: Any) -> str:
    """Return the page of commands, from the root of the command line."""
    lead = ("Results go to stdout, logs, progress and failures to stderr; `--json` prints one JSON document.",)
    return _page("Commands", lead, [_command_section(each, name) for name, each in walk_commands(command)])


def settings_page() -> str:
    """Return the page of settings with their defaults."""
    rows = [
        (f"`{row.name}`", _default_of(row), "<br>".join(f"`{each}`" for each in row.variables), row.description)
        for row in setting_rows(Settings.model_construct())
    ]
    lead = (
        "A flag wins over the environment, the environment over `moorage.yaml`, the file over the default.",
        "`MOORAGE_CONFIG` names another file; `moorage settings` prints what is in force, secrets as stars.",
        "Lists in a variable are written as JSON: `MOORAGE_CODEBASE__ALLOWED_ROOTS='[\"/srv/code\"]'`.",
    )
    return _page("Settings", lead, [_table(("setting", "default", "environment", "meaning"), rows)])


def errors_page() -> str:
    """Return the page of error codes."""
    rows = [
        (f"`{each.code}`", _first_line(each), "yes" if each.retryable else "no", _families(each))
        for each in error_classes()
    ]
    lead = (
        "Codes are stable; messages are not.",
        "*Retry* says that the very same call may succeed later.",
        "The last column is what a caller of the Python API may catch.",
    )
    return _page("Error codes", lead, [_table(("code", "meaning", "retry", "is also"), rows)])


def metrics_page() -> str:
    """Return the page of metrics, as `/metrics` serves them."""
    _import_all()
    rows = [
        (f"`{each.name}`", each.kind, ", ".join(f"`{label}`" for label in each.labels), each.meaning)
        for each in declared()
    ]
    lead = (
        "`/metrics` serves them in the text format of Prometheus, beside those of the process and of Python.",
        "A histogram comes as `_bucket`, `_sum` and `_count`.",
        "[How to watch a server](../how-to/watch.md) says what to make of them.",
    )
    return _page("Metrics", lead, [_table(("metric", "kind", "labels", "meaning"), rows)])


def walk_commands(command: Any, name: str = "moorage") -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name, a group before what is in it."""
    yield name, command
    for part, each in getattr(command, "commands", {}).items():
        yield from walk_commands(each, f"{name} {part}")


def error_classes() -> list[type[MoorageError]]:
    """Return every failure that has a code of its own, by code."""
    _import_all()
    return sorted(set(_with_codes(MoorageError)), key=lambda each: each.code)


def _import_all() -> None:
    """Import every module, for what they declare: failures and metrics."""
    for module in walk_packages(moorage.__path__, "moorage."):
        if "migrations" not in module.name and not module.name.endswith(("__main__", ".env")):
            import_module(module.name)


def _with_codes(kind: type[MoorageError]) -> Iterator[type[MoorageError]]:
    for each in kind.__subclasses__():
        if "code" in vars(each) and each.__module__.startswith("moorage."):
            yield each
        yield from _with_codes(each)


async def _served_tools(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return each system's tools as its MCP server lists them.

    The systems are opened on connections that nobody initializes: a system that asks the database while it opens
    would keep its server from answering the first call, and fails here.
    """
    async with _opened(settings) as opened:
        return {name: _listed(name, each) for name, each in opened.items()}


async def _resources(settings: Settings) -> list[Resource]:
    """Return what clients can read and follow beside the tools."""
    async with _opened(settings) as opened:
        return [resource for each in opened.values() for resource in each.resources]


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[dict[str, Opened]]:
    async with AsyncExitStack() as stack:
        yield {each.name: await stack.enter_async_context(_open(each, settings)) for each in SYSTEMS}


def _open(system: Any, settings: Settings) -> Any:
    connections = ProjectConnectionManager(Provisioner(Address("nowhere", {}), REGISTRY_DATABASE, LINES))
    ground = Ground(connections, ProjectService(connections), make_embedder(settings.embedding), Path("nowhere"))
    return system.open(ground, settings.of_system(system.name))


def _listed(system: str, opened: Opened) -> list[dict[str, Any]]:
    server = build_server(name=system, version=moorage.__version__, instructions=system, tools=opened.tools)
    tools = (tool.to_mcp_tool() for tool in server.fastmcp.served.values())
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


def _resource_table(resources: Sequence[Resource]) -> str:
    rows = [(f"`{each.address}`", each.title, each.description) for each in resources]
    return _table(("address", "title", "holds"), rows)


def _tool_section(tool: Mapping[str, Any]) -> str:
    hints = ", ".join(_hint(name, value) for name, value in tool["annotations"].items())
    parts = [
        f"### {tool['name']}",
        tool["description"],
        f"*{tool['title']}: {hints}; about {_tokens(tool):,} tokens to list.*",
        _arguments(tool["inputSchema"]),
        _folded("Input schema", tool["inputSchema"]),
    ]
    parts += [_folded("Output schema", tool["outputSchema"])] if "outputSchema" in tool else ["It returns prose."]
    return "\n\n".join(parts)


def _hint(name: str, value: bool) -> str:  # noqa: FBT001 - a hint as the protocol has it
    words = {
        "readOnlyHint": ("read-only", "writes"),
        "destructiveHint": ("destructive", "not destructive"),
        "idempotentHint": ("safe to repeat", "not safe to repeat"),
        "openWorldHint": ("reaches outside", "stays inside"),
    }
    return words[name][0 if value else 1]


def _arguments(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (f"`{name}`", "required" if name in required else f"`{json.dumps(each.get('default'))}`", each["description"])
        for name, each in schema.get("properties", {}).items()
    ]
    return _table(("argument", "default", "meaning"), rows) if rows else "It takes no arguments."


def _folded(title: str, schema: Any) -> str:
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    return f"<details><summary>{title}</summary>\n\n```json\n{text}\n```\n\n</details>"


def _tokens(tool: Mapping[str, Any]) -> int:
    return len(json.dumps(tool, ensure_ascii=False, separators=(",", ":"))) // CHARACTERS_PER_TOKEN


def _command_section(command: Any, name: str) -> str:
    with command.context_class(command, info_name=name, terminal_width=200) as context:
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        records = [each.get_help_record(context) for each in command.params]
    rows = [(f"`{term}`", text) for term, text in filter(None, records)]
    parts = [f"## {name}", command.help or "", f"```text\n{usage}\n```"]
    parts += [_table(("argument", "meaning"), rows)] if rows else []
    parts += ["```sh\n" + "\n".join(examples(command)) + "\n```"] if examples(command) else []
    return "\n\n".join(parts)


def examples(command: Any) -> list[str]:
    """Return the command lines that a command's help gives as examples."""
    _, _, text = (command.epilog or "").partition(":")
    return [line.strip() for line in text.split(";") if line.strip()]


def _default_of(row: SettingRow) -> str:
    """Return a default as the page shows it; the data folder depends on the machine."""
    if row.name == "home":
        return _DEFAULT_HOME
    return f"`{row.value}`" if row.value else ""


def _first_line(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n", maxsplit=1)[0].split())


def _families(kind: type[MoorageError]) -> str:
    """Return the general families and builtin errors that a failure is, nearest first."""
    too_general = (MoorageError, OSError, Exception, BaseException, object)
    names = [each.__name__ for each in kind.__mro__[1:] if each not in too_general]
    return ", ".join(f"`{name}`" for name in names)


def _page(title: str, lead: Sequence[str], sections: Sequence[str]) -> str:
    return "\n\n".join([f"# {title}", MADE_BY, "\n".join(lead), *sections]) + "\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the pages into the folder named on the command line."""
    write_pages(Path(sys.argv[1]), get_command(app))


if __name__ == "__main__":
    main()
