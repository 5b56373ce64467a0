"""Where a PostgreSQL server is and how to log in, without ever printing the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Address:
    """One PostgreSQL server; the database is chosen when connecting.

    Attributes:
        label: what may be shown: host and port, or the folder of a socket.
        arguments: keyword arguments for asyncpg, without `database`. Never shown.
        pooler: where pools connect instead: a pooler in transaction mode before the same server.
    """

    label: str
    arguments: Mapping[str, Any] = field(repr=False)
    pooler: Address | None = None

    @property
    def login(self) -> dict[str, str]:
        """The user and the password, as far as they are known."""
        url = urlsplit(self.arguments.get("dsn", ""))
        known = {**dict(parse_qsl(url.query)), **self.arguments}
        named = {name: known[name] for name in ("user", "password") if name in known}
        in_front = {"user": url.username, "password": url.password}
        return named | {name: unquote(text) for name, text in in_front.items() if text is not None}

    def connect_arguments(self, database: str) -> dict[str, Any]:
        """Return the keyword arguments with which asyncpg reaches `database` on this server."""
        return {**self.arguments, "database": database}


def address_from_parts(*, host: str, port: int, user: str, password: str | None) -> Address:
    """Make an address from the designs' POSTGRES_HOST, _PORT, _USER and _PASSWORD."""
    arguments = {"host": host, "port": port, "user": user}
    return Address(f"{host}:{port}", arguments | ({"password": password} if password else {}))


def address_from_url(url: str) -> tuple[Address, str | None]:
    """Split a DATABASE_URL into the server and the database it names, if any.

    A SQLAlchemy driver suffix (`postgresql+asyncpg://`) is accepted, because the designs write it so.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("the URL must begin with postgresql://")
    dsn = f"postgresql://{rest}"
    parts = urlsplit(dsn)
    label = parts.netloc.rpartition("@")[2] or "local socket"
    return Address(label, {"dsn": dsn}), parts.path.lstrip("/") or None


def behind_pooler(server: Address, pooler_url: str) -> Address:
    """Return the address of a server whose pools go through the pooler at `pooler_url`.

    The user and the password are the server's where the URL names none.
    """
    pooler, _ = address_from_url(pooler_url)
    return replace(server, pooler=replace(pooler, arguments={**server.login, **pooler.login, **pooler.arguments}))


def address_of_socket(folder: str, *, user: str, port: int = 5432) -> Address:
    """Make an address of a server that listens on a Unix socket in `folder`."""
    return Address(f"socket in {folder}", {"host": folder, "port": port, "user": user})
