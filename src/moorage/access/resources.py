"""How clients that have no token learn where to get one.

Sources: RFC 9728 (protected resource metadata), RFC 6750 section 3 (the challenge), and what MCP asks of both:
https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl

from moorage.access.claims import scope_words
from moorage.access.errors import PublicUrlMissing
from moorage.access.settings import IssuerSettings
from moorage.core.access import Scope

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True)
class Resources:
    """The endpoints of this server, and the issuer that gives out tokens for them.

    Attributes:
        public_url: how clients reach this server, without slash at its end.
        paths: of the MCP endpoints, the one door first.
        scopes: what a client is told to ask for.
    """

    public_url: str
    issuer: str
    paths: Sequence[str]
    scopes: Sequence[str]

    def audiences(self, path: str) -> list[str]:
        """Return what a token for this path may name as its audience: the endpoint, or the one door to all."""
        return [f"{self.public_url}{self.paths[0]}", f"{self.public_url}{path}"]

    def document(self, path: str) -> dict[str, Any]:
        """Return the metadata of an endpoint."""
        scopes = {"scopes_supported": list(self.scopes)} if self.scopes else {}
        return {
            "resource": f"{self.public_url}{path}",
            "resource_name": "Moorage",
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            **scopes,
        }

    def document_url(self, path: str) -> str:
        """Return where the metadata of an endpoint is; of the one door, when the path is no endpoint's."""
        return f"{self._origin}{WELL_KNOWN}{self._prefix}{path if path in self.paths else self.paths[0]}"

    def documents(self) -> Mapping[str, dict[str, Any]]:
        """Return every document by the paths it is served at.

        A proxy may take the path of `public_url` away, or leave it on; clients insert it (RFC 9728 section 3.1).
        """
        served = {WELL_KNOWN: self.document(self.paths[0])}
        for path in self.paths:
            served[f"{WELL_KNOWN}{path}"] = served[f"{WELL_KNOWN}{self._prefix}{path}"] = self.document(path)
        return served

    def challenge(self, path: str, *, error: str | None, needed: Scope | None = None) -> str:
        """Return the value of `WWW-Authenticate` for a refused request.

        Args:
            error: `invalid_token` or `insufficient_scope`; None when the request had no token at all.
            needed: what the request needs; without it, clients are told what to ask for in general.
        """
        wanted = " ".join(self.scopes) if needed is None else scope_words([needed])
        parameters = {"error": error, "resource_metadata": self.document_url(path), "scope": wanted}
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)

    @property
    def _origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def _prefix(self) -> str:
        return urlsplit(self.public_url).path


def resources_of(settings: IssuerSettings, *, public_url: AnyHttpUrl | None, paths: Sequence[str]) -> Resources | None:
    """Return the endpoints as clients of the issuer name them; None when no issuer is set.

    Raises:
        PublicUrlMissing: nobody said how clients reach this server.
    """
    if settings.url is None:
        return None
    if public_url is None:
        raise PublicUrlMissing(
            "access.issuer.url is set, but not how clients reach this server, which its tokens have to name",
            hint="Set server.public_url, for instance https://moorage.example.com.",
        )
    return Resources(str(public_url).rstrip("/"), settings.url, tuple(paths), settings.asked_scopes)
