"""What strangers are told: the metadata of each endpoint, and the challenge that leads to it."""

from __future__ import annotations

import httpx2
import pytest
from mcp.client.auth.utils import (
    build_protected_resource_metadata_discovery_urls,
    extract_resource_metadata_from_www_auth,
    extract_scope_from_www_auth,
)
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from moorage.access.errors import PublicUrlMissing
from moorage.access.resources import Resources, resources_of
from moorage.access.routes import routes
from moorage.access.settings import IssuerSettings
from moorage.core.access import Scope

ISSUER = "https://login.example/realms/team"
PATHS = ("/mcp", "/codebase/mcp")


def make_resources(public_url: str = "https://moorage.example", **changes: object) -> Resources:
    settings = IssuerSettings.model_validate({"url": ISSUER, **changes})
    resources = resources_of(settings, public_url=AnyHttpUrl(public_url), paths=PATHS)
    assert resources is not None
    return resources


def refusal(challenge: str) -> httpx2.Response:
    return httpx2.Response(401, headers={"www-authenticate": challenge})


def test_without_an_issuer_there_is_nothing_to_tell() -> None:
    assert resources_of(IssuerSettings(), public_url=None, paths=PATHS) is None


def test_an_issuer_without_a_public_url_is_refused() -> None:
    with pytest.raises(PublicUrlMissing) as refused:
        resources_of(IssuerSettings(url=ISSUER), public_url=None, paths=PATHS)
    assert "server.public_url" in refused.value.hint


@pytest.mark.parametrize("path", PATHS)
def test_the_challenge_leads_clients_to_the_metadata_of_the_endpoint(path: str) -> None:
    resources = make_resources()
    response = refusal(resources.challenge(path, error=None))
    url = extract_resource_metadata_from_www_auth(response)
    assert url == f"https://moorage.example/.well-known/oauth-protected-resource{path}"
    assert resources.documents()[url.removeprefix("https://moorage.example")]["resource"].endswith(path)
    assert extract_scope_from_www_auth(response) == "moorage:read moorage:write"


def test_a_request_without_token_is_told_of_no_error() -> None:
    assert "error" not in make_resources().challenge("/mcp", error=None)


def test_a_request_that_may_not_is_told_what_it_needs() -> None:
    challenge = make_resources().challenge("/mcp", error="insufficient_scope", needed=Scope.ADMIN)
    assert challenge.startswith('Bearer error="insufficient_scope", ')
    assert extract_scope_from_www_auth(refusal(challenge)) == "moorage:admin"


def test_an_issuer_without_scopes_of_ours_is_asked_for_none() -> None:
    resources = make_resources(asked_scopes=())
    assert "scope" not in resources.challenge("/mcp", error=None)
    assert "scopes_supported" not in resources.document("/mcp")


@pytest.mark.parametrize(
    "public_url", ["https://moorage.example", "https://moorage.example/", "https://example.com/tools/moorage"]
)
@pytest.mark.parametrize("path", PATHS)
async def test_a_client_finds_the_metadata_without_the_challenge(public_url: str, path: str) -> None:
    """RFC 9728 section 3.3: the document names the very address that the client asks for."""
    server_url = public_url.rstrip("/") + path
    by_path, _ = build_protected_resource_metadata_discovery_urls(None, server_url)
    app = Starlette(routes=routes(make_resources(public_url)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        answer = await client.get(by_path)
    assert answer.json() == {
        "resource": server_url,
        "resource_name": "Moorage",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["moorage:read", "moorage:write"],
    }


async def test_the_metadata_at_the_root_is_that_of_the_one_door() -> None:
    app = Starlette(routes=routes(make_resources()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://moorage.example") as client:
        answer = await client.get("/.well-known/oauth-protected-resource")
    assert answer.json()["resource"] == "https://moorage.example/mcp"
