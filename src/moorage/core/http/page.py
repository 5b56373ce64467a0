"""The page for people at `/`: what is served here, and the line to paste into an agent.

Nothing on it is loaded from elsewhere, and everything that comes from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

STYLE = """
:root { color-scheme: light dark; --shade: color-mix(in srgb, currentColor 8%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 3rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; background: var(--shade); }
code { padding: .1em .3em; border-radius: 3px; }
pre { padding: .8em; border-radius: 5px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3em .8em .3em 0; vertical-align: top; }
"""


@dataclass(frozen=True)
class Page:
    """What the page says.

    Attributes:
        title: the program and its version.
        purposes: door path (`/mcp`) and one sentence on what it is for, in the order shown.
        projects: names of the projects that are served; None when there is nothing to ask.
    """

    title: str
    purposes: Mapping[str, str] = field(default_factory=dict)
    projects: Callable[[], Awaitable[Sequence[str]]] | None = None

    def routes(self) -> list[Route]:
        return [Route("/", self.show)]

    async def show(self, request: Request) -> HTMLResponse:
        projects = await self.projects() if self.projects else ()
        return HTMLResponse(self.html(str(request.base_url).rstrip("/"), projects), headers=HEADERS)

    def html(self, base_url: str, projects: Sequence[str]) -> str:
        """Return the whole document."""
        parts = (_heading(self.title), _doors(self.purposes, base_url), _projects(projects), _links())
        return (
            "<!doctype html><html lang=en><meta charset=utf-8>"
            '<meta name=viewport content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>{''.join(parts)}</html>"
        )


def _heading(title: str) -> str:
    return f"<h1>{escape(title)}</h1>"


def _doors(purposes: Mapping[str, str], base_url: str) -> str:
    if not purposes:
        return ""
    rows = "".join(f"<tr><td><code>{escape(path)}</code><td>{escape(purpose)}" for path, purpose in purposes.items())
    first = escape(base_url + next(iter(purposes)))
    line = f"<pre>claude mcp add --transport http moorage {first}</pre>"
    lead = f"<p>Paste this into a terminal, or give the address to any MCP client:{line}"
    return f"<h2>MCP</h2>{lead}<table>{rows}</table>"


def _projects(names: Sequence[str]) -> str:
    if not names:
        return ""
    return "<h2>Projects</h2><ul>" + "".join(f"<li>{escape(name)}" for name in names) + "</ul>"


def _links() -> str:
    paths = ("/health/ready", "/metrics")
    return "<h2>Operation</h2><p>" + " ".join(f'<a href="{path}">{path}</a>' for path in paths)
