"""What it costs to check the token of an issuer: the first time, and from then on."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import AnyHttpUrl

from benchmarks.measure import Figure, Times, interleaved, latencies
from benchmarks.options import Options
from moorage.access.issuer import Issuer
from moorage.access.jwks import KeyRing, Keys, keys_of
from moorage.access.resources import resources_of
from moorage.access.settings import IssuerSettings

TOKENS = 2_000
WARM_UP = 20
TARGET_MS = 0.05
ISSUER, HERE = "https://login.example/realms/team", "https://moorage.example"
PATH = "/mcp"
SIGNED_WITH = {
    "RS256": partial(rsa.generate_private_key, public_exponent=65537, key_size=2048),
    "ES256": partial(ec.generate_private_key, ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


async def figures(options: Options) -> list[Figure]:
    """Measure a token's first check against its signature alone, and the checks after it."""
    count = options.scaled(TOKENS)
    return [figure for algorithm in SIGNED_WITH for figure in await _figures(algorithm, count)]


async def _figures(algorithm: str, count: int) -> list[Figure]:
    private_key = SIGNED_WITH[algorithm]()
    keys = _published(private_key, algorithm)
    tokens = [_token(private_key, algorithm, number) for number in range(count + WARM_UP)]
    issuer = _issuer(keys)
    first, bare = await interleaved(
        [
            _next_of(issuer.verify(token, path=PATH) for token in tokens),
            _next_of(_bare(token, keys) for token in tokens),
        ],
        rounds=count,
        warm_up=WARM_UP,
    )
    again = await _again(issuer, tokens[-1], count)
    return [
        *latencies(f"a new {algorithm} token", first, floor=("PyJWT on the same token", bare), shares=(0.5, 0.95)),
        *latencies(f"a known {algorithm} token", again, targets={0.95: TARGET_MS}, shares=(0.5, 0.95)),
    ]


async def _again(issuer: Issuer, token: str, count: int) -> Times:
    (times,) = await interleaved([lambda: issuer.verify(token, path=PATH)], rounds=count, warm_up=WARM_UP)
    return times


async def _bare(token: str, keys: Keys) -> Any:
    (((_, algorithm), key),) = keys.items()
    return jwt.decode(token, key, algorithms=[algorithm], audience=HERE + PATH, issuer=ISSUER)


def _next_of(acts: Iterable[Awaitable[Any]]) -> partial[Any]:
    return partial(next, iter(acts))


def _issuer(keys: Keys) -> Issuer:
    async def fetch() -> Keys:
        return keys

    settings = IssuerSettings(url=ISSUER)
    resources = resources_of(settings, public_url=AnyHttpUrl(HERE), paths=(PATH,))
    assert resources is not None
    return Issuer(settings, resources, KeyRing(fetch, max_age_seconds=settings.keys_max_age_seconds))


def _published(private_key: Any, algorithm: str) -> Keys:
    jwk = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private_key.public_key()))
    return keys_of({"keys": [{**jwk, "kid": "first", "alg": algorithm}]}, [algorithm])


def _token(private_key: Any, algorithm: str, number: int) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": HERE + PATH, "sub": "ada", "iat": now, "exp": now + 3600, "jti": str(number)}
    claims |= {"client_id": "agent", "scope": "openid moorage:read moorage:write"}
    return jwt.encode(claims, private_key, algorithm=algorithm, headers={"kid": "first", "typ": "at+jwt"})
