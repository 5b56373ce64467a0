"""Asking an issuer for its keys: over HTTPS, with bounds on time and size, and never where it was not told to.

Sources: RFC 8414 section 3 (path insertion), OpenID Connect Discovery 1.0 section 4, and the order of both in
https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import httpx2

from moorage.access.errors import IssuerUnavailable
from moorage.access.jwks import Keys, keys_of
from moorage.access.settings import IssuerSettings, is_trustworthy

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 512 * 1024


class Discovery:
    """Where an issuer publishes its keys, and what they are.

    Args:
        timeout_seconds: of one request, from the connection to the last byte.
    """

    def __init__(self, settings: IssuerSettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        assert settings.url is not None, "whoever builds this has an issuer"
        self._issuer = settings.url
        self._jwks_url = settings.jwks_url
        self._algorithms = settings.algorithms
        self._timeout_seconds = timeout_seconds
        self._certificates = httpx2.create_ssl_context()  # reading them takes longer than a request

    async def fetch(self) -> Keys:
        """Return the keys as published now.

        Raises:
            IssuerUnavailable: it does not answer, or with something else.
        """
        async with httpx2.AsyncClient(verify=self._certificates, timeout=self._timeout_seconds) as client:
            jwks_url = self._jwks_url or await self._discover(client)
            return keys_of(await self._get(client, jwks_url), self._algorithms)

    async def _discover(self, client: httpx2.AsyncClient) -> str:
        """Return the address of the keys from the first metadata document there is."""
        problems = []
        for url in metadata_urls(self._issuer):
            try:
                return self._jwks_url_in(await self._get(client, url))
            except IssuerUnavailable as error:
                problems.append(error.message)
        raise IssuerUnavailable("; ".join(problems))

    def _jwks_url_in(self, document: Any) -> str:
        """Return what the metadata says, if it is this issuer's own (RFC 8414 section 3.3)."""
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise IssuerUnavailable(f"the metadata is not that of {self._issuer}")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_trustworthy(url):
            raise IssuerUnavailable("the metadata gives no https address of its keys (jwks_uri)")
        return url

    async def _get(self, client: httpx2.AsyncClient, url: str) -> Any:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return json.loads(await _read(client, url))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise IssuerUnavailable(f"no answer from {url}: {type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise IssuerUnavailable(f"{url} does not answer with JSON") from error


async def _read(client: httpx2.AsyncClient, url: str) -> bytes:
    """Read a bounded answer as it is on the wire; a redirect is a failure."""
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
        if response.status_code != httpx2.codes.OK:
            raise IssuerUnavailable(f"{url} answers with status {response.status_code}")
        body = b""
        async for part in response.aiter_raw():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                raise IssuerUnavailable(f"{url} answers with more than {MAX_ANSWER_BYTES} bytes")
        return body


def metadata_urls(issuer: str) -> list[str]:
    """Return where an issuer's metadata may be, the likeliest first."""
    parts = urlsplit(issuer)
    host, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    urls = [
        f"{host}/.well-known/oauth-authorization-server{path}",
        f"{host}/.well-known/openid-configuration{path}",
        f"{host}{path}/.well-known/openid-configuration",
    ]
    return list(dict.fromkeys(urls))
