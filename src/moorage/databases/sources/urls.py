"""Databases as URLs: postgresql://user:password@host:port/database?sslmode=require, taken apart into fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# What of libpq's parameters a URL may carry, and the field each one is.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
PARAMETERS = {
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "target_session_attrs": "target_session",
    "host": "hostname",
    "port": "port",
    "user": "username",
    "password": "password",
    "dbname": "database",
}


class InvalidUrl(ValueError):
    """A text is no URL of a PostgreSQL database; the message never repeats it."""


def fields_of(url: str) -> dict[str, Any]:
    """Return the fields that a URL gives; those it does not name are absent.

    Raises:
        InvalidUrl: with what is wrong, and nothing of the URL but names of its parameters.
    """
    fields, parameters = _taken_apart(url)
    unknown = [name for name in parameters if name not in PARAMETERS]
    if unknown:
        raise InvalidUrl(f"the parameter {unknown[0]!r} is not known; known are {', '.join(PARAMETERS)}")
    return fields | {PARAMETERS[name]: value for name, value in parameters.items()}


def known_fields_of(url: str) -> dict[str, Any]:
    """Return the fields that a URL gives, whatever else stands in it: for one that was written for another program."""
    fields, parameters = _taken_apart(url)
    return fields | {PARAMETERS[name]: value for name, value in parameters.items() if name in PARAMETERS}


def _taken_apart(url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields in front of the question mark, and the parameters behind it."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise InvalidUrl("a URL begins with postgresql://")
    try:
        parts = urlsplit(f"postgresql://{rest}")
        login, _, hosts = parts.netloc.rpartition("@")
        fields = dict(_login_and_place(login, hosts))
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise InvalidUrl("the URL cannot be read; write special characters in it as %XX") from None
    if path := unquote(parts.path.removeprefix("/")):
        fields["database"] = path
    return fields, parameters


def _login_and_place(login: str, hosts: str) -> Iterator[tuple[str, Any]]:
    user, separator, password = login.partition(":")
    if user:
        yield "username", unquote(user)
    if separator:
        yield "password", unquote(password)
    if hosts:
        yield from _place(hosts)


def _place(hosts: str) -> Iterator[tuple[str, Any]]:
    """Yield host and port; of several hosts each keeps its port, unless all have the same one."""
    places = [_host_and_port(each) for each in hosts.split(",")]
    ports = {port for _, port in places}
    if len(ports) == 1:
        yield "hostname", ",".join(host for host, _ in places)
        if port := ports.pop():
            yield "port", int(port)
    else:
        yield "hostname", ",".join(f"{_bracketed(host)}:{port or 5432}" for host, port in places)


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = text.partition(":")
    return unquote(host), port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
