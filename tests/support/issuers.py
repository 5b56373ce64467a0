"""A small authorization server on loopback: it publishes metadata and keys, and signs whatever tests want.

`python -m tests.support.issuers http://127.0.0.1:8000/mcp` runs one and prints its address and a token.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

REALM = "/realms/team"
HOUR = 3600


def new_key(algorithm: str) -> Any:
    """Return a fresh private key for the algorithm."""
    match algorithm[:2]:
        case "RS" | "PS":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "Ed":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(
                {"ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}.get(algorithm, ec.SECP256R1())
            )


@cache
def shared_key(algorithm: str) -> Any:
    """Return one key a run; making an RSA key takes longer than a test."""
    return new_key(algorithm)


def public_jwk(private_key: Any, algorithm: str, **members: Any) -> dict[str, Any]:
    """Return the public half as it is published; a member that is None is left out."""
    jwk = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private_key.public_key()))
    jwk |= {"use": "sig", "alg": algorithm, **members}
    return {name: value for name, value in jwk.items() if value is not None and name != "key_ops"}


@dataclass
class IssuerPeer:
    """What the server is and was asked.

    Attributes:
        url: its identifier, with a path as Keycloak's realms have one.
        keys: private keys by id, with their algorithm; what is taken out is withdrawn.
        published: when set, the key set that is served instead of that of `keys`.
        metadata_at: the one path of the metadata that is answered.
        asked: paths, in the order they were asked for.
        fails_with: when set, the answer to everything.
        may_answer: set, but for issuers that hang.
        granted: what clients asked tokens with.
        adds: claims of the tokens that clients ask for.
    """

    origin: str
    keys: dict[str, tuple[Any, str]] = field(default_factory=lambda: {"first": (shared_key("ES256"), "ES256")})
    published: Any = None
    metadata_at: str = f"/.well-known/oauth-authorization-server{REALM}"
    asked: list[str] = field(default_factory=list)
    fails_with: Response | None = None
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    granted: list[dict[str, str]] = field(default_factory=list)
    adds: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.origin}{REALM}"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/certs"

    @property
    def fetches(self) -> int:
        """How often its keys were asked for."""
        return self.asked.count(f"{REALM}/certs")

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": self.jwks_url,
            "token_endpoint": f"{self.url}/token",
            "authorization_endpoint": f"{self.url}/authorize",
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"],
        }

    def claims(self, audience: Any, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token; a change to None takes the claim out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": audience, "sub": "ada", "iat": now, "exp": now + HOUR, "jti": "1"}
        claims |= {"client_id": "agent", "scope": "openid moorage:write", **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, audience: Any = "", *, key_id: str = "first", headers: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """Return a token signed with one of the keys, good but for the changes."""
        key, algorithm = self.keys[key_id]
        header = {"kid": key_id, "typ": "at+jwt", **(headers or {})}
        return jwt.encode(self.claims(audience, **changes), key, algorithm=algorithm, headers=header)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append(request.url.path)
        await self.may_answer.wait()
        if request.method == "POST":
            form = {name: str(value) for name, value in (await request.form()).items()}
            await self._grant(form)(scope, receive, send)
        else:
            await self._answer(request.url.path)(scope, receive, send)

    def _grant(self, form: dict[str, str]) -> Response:
        """Give what a client asks for, for the resource it names (RFC 6749 section 4.4, RFC 8707)."""
        self.granted.append(form)
        token = self.token(form["resource"], scope=form.get("scope", ""), **self.adds)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": HOUR, "scope": form.get("scope", "")}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def _answer(self, path: str) -> Response:
        if self.fails_with is not None:
            return self.fails_with
        if path == self.metadata_at:
            return JSONResponse(self.metadata())
        if path == f"{REALM}/certs":
            published = [public_jwk(key, algorithm, kid=kid) for kid, (key, algorithm) in self.keys.items()]
            return JSONResponse({"keys": published} if self.published is None else self.published)
        if path == "/moved":
            return RedirectResponse(self.jwks_url)
        return JSONResponse({"error": "not_found"}, status_code=404)


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # ty: ignore[incompatible-method-override]
        return nullcontext()


@asynccontextmanager
async def running_issuer() -> AsyncGenerator[IssuerPeer]:
    """Serve an issuer on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = IssuerPeer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        peer.may_answer.set()
        server = _Server(uvicorn.Config(peer, lifespan="off", log_config=None, access_log=False, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield peer
        finally:
            server.should_exit = True
            await serving


async def _run(audience: str) -> None:
    async with running_issuer() as peer:
        print(peer.url, peer.token(audience), sep="\n", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
