"""TLS modes as libpq has them.

Source: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import InvalidDefinition

_VERIFYING = ("verify-ca", "verify-full")
_DEFAULT_ROOT = "~/.postgresql/root.crt"
_SYSTEM_ROOTS = "system"  # libpq 16 and later
_ALPN = ("postgresql",)


class _Context(ssl.SSLContext):
    """Expects the certificate of the server behind a tunnel, where there is one, not of the tunnel's own end."""

    server_name: str | None = None

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        named = {"server_hostname": self.server_name} if self.server_name is not None else {}
        return super().wrap_bio(*args, **{**options, **named})


def tls_arguments(definition: DirectPostgres, host: str, server_name: str | None = None) -> dict[str, Any]:
    """Return what the driver needs to know of TLS towards this host.

    Args:
        server_name: whose certificate is expected, where that is not `host`: at the other end of a tunnel.

    Raises:
        InvalidDefinition: a certificate or key cannot be read.
    """
    mode = definition.sslmode
    if host.startswith("/") or mode == "disable":
        return {"ssl": False}
    if mode in ("allow", "prefer"):
        return {"ssl": mode}
    files = (_root_of(definition), definition.sslcert, definition.sslkey)
    try:
        return {"ssl": _context(mode, *files, server_name, _changed_at(*files))}
    except OSError as error:  # ssl.SSLError is one too
        raise InvalidDefinition(
            f"sslrootcert, sslcert or sslkey cannot be read: {error.strerror or 'it is no such file'}",
            hint="They name files in PEM format; sslrootcert may be `system`.",
        ) from None


def _root_of(definition: DirectPostgres) -> str | None:
    if definition.sslrootcert is not None:
        return definition.sslrootcert
    default = Path(_DEFAULT_ROOT).expanduser()
    if default.exists():
        return str(default)
    if definition.sslmode in _VERIFYING:
        raise InvalidDefinition(
            f"sslmode {definition.sslmode} needs sslrootcert, and {_DEFAULT_ROOT} is not there",
            hint="Name the file with the authority's certificate, or `system` for those the system trusts.",
        )
    return None


def _changed_at(*names: str | None) -> tuple[int, ...]:
    """Return when files were last changed, so that new certificates are read."""
    files = [Path(name).expanduser() for name in names if name not in (None, _SYSTEM_ROOTS)]
    return tuple(file.stat().st_mtime_ns for file in files)


@lru_cache(maxsize=64)
def _context(
    mode: str, root: str | None, certificate: str | None, key: str | None, server_name: str | None, _: tuple[int, ...]
) -> ssl.SSLContext:
    """Make a context, or return the one of another database with the same files: each takes up to a megabyte."""
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = server_name
    context.check_hostname = mode == "verify-full"
    context.set_alpn_protocols(_ALPN)
    if root == _SYSTEM_ROOTS:
        context.load_default_certs()
    elif root is not None:
        context.load_verify_locations(Path(root).expanduser())
    else:
        context.verify_mode = ssl.CERT_NONE  # encrypts only, as libpq does
    if certificate is not None:
        context.load_cert_chain(Path(certificate).expanduser(), Path(key).expanduser() if key else None, lambda: "")
    return context
