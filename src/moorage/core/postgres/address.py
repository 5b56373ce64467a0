"""Where a PostgreSQL server is and how to log in, without ever printing the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Address:
    """One PostgreSQL server; the database is chosen when connecting.

    Attributes:
        label: what may be shown: host and port, or the folder of a socket.
        arguments: keyword arguments for asyncpg, without `database`. Never shown.
    """

    label: str
    arguments: Mapping[str, Any] = field(repr=False)

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
        raise ValueError("DATABASE_URL must begin with postgresql://")
    dsn = f"postgresql://{rest}"
    parts = urlsplit(dsn)
    label = parts.netloc.rpartition("@")[2] or "local socket"
    return Address(label, {"dsn": dsn}), parts.path.lstrip("/") or None


def address_of_socket(folder: str, *, user: str, port: int = 5432) -> Address:
    """Make an address of a server that listens on a Unix socket in `folder`."""
    return Address(f"socket in {folder}", {"host": folder, "port": port, "user": user})
