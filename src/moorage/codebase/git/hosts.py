"""Which hosts a repository may be cloned from: an address is a way into the network that this machine stands in."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from moorage.codebase.git.errors import UnfitUrl

_SCP_HOST = re.compile(r"[^@/]+@(?P<host>\[[^\]]+\]|[^:/]+):")


async def refuse_host(address: str, allowed: Sequence[str] | None, *, only_public: bool) -> None:
    """Refuse an address whose host may not be reached; `file://` has none.

    Args:
        allowed: names of hosts; None allows what `only_public` does.
        only_public: no host with an address of this machine, of a private network, or reserved ones. git looks the
            name up again: a name server that answers differently then is not seen through.

    Raises:
        UnfitUrl: with the host and the setting that would let it through.
    """
    host = host_of(address)
    if host is None or (host in allowed if allowed is not None else not only_public or await _is_public(host)):
        return
    raise UnfitUrl(
        f"repositories are not cloned from the host {host!r}",
        hint="Let the operator name it in codebase.git_hosts.",
        field="repo_path",
    )


def host_of(address: str) -> str | None:
    """Return the host of an address in small letters, without port; None for a file."""
    if "://" in address:
        return urlsplit(address).hostname if not address.startswith("file://") else None
    matched = _SCP_HOST.match(address)
    return matched["host"].strip("[]").lower() if matched else None


async def _is_public(host: str) -> bool:
    """Tell whether every address of the host is public; a host without any is not."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ip_address(str(place[4][0]).partition("%")[0]).is_global for place in found)
