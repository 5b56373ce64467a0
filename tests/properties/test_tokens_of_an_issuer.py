"""Whatever is sent as a token either is one or is refused: nothing else comes out of the check."""

from __future__ import annotations

import asyncio
import base64
import json

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyHttpUrl

from moorage.access.errors import InvalidToken, NoScope
from moorage.access.issuer import Issuer
from moorage.access.jwks import KeyRing, Keys, keys_of
from moorage.access.resources import resources_of
from moorage.access.settings import IssuerSettings
from tests.support.issuers import IssuerPeer, public_jwk, shared_key

HERE = "https://moorage.example"
PEER = IssuerPeer("https://login.example")
GOOD = PEER.token(f"{HERE}/mcp")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def verify(token: str) -> str:
    """Return the caller's name, from an issuer that has fetched nothing yet."""

    async def published() -> Keys:
        return keys_of({"keys": [public_jwk(shared_key("ES256"), "ES256", kid="first")]}, ["ES256"])

    wanted = IssuerSettings(url=PEER.url)
    resources = resources_of(wanted, public_url=AnyHttpUrl(HERE), paths=("/mcp",))
    assert resources is not None
    issuer = Issuer(wanted, resources, KeyRing(published, max_age_seconds=300))
    return asyncio.run(issuer.verify(token, path="/mcp")).name


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_good_token_is_good() -> None:
    assert verify(GOOD) == "ada"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        verify(text)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.characters(codec="ascii"))
def test_a_token_with_one_other_character_is_refused(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed != GOOD:
        with pytest.raises(InvalidToken):
            verify(changed)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64", "zip", "cty"]), json_values))
def test_any_header_is_refused(header: dict[str, object]) -> None:
    _, claims, signature = GOOD.split(".")
    with pytest.raises(InvalidToken):
        verify(f"{segment({'alg': 'ES256', 'kid': 'first', **header})}.{claims}.{signature}")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["aud", "exp", "iss", "nbf", "iat", "sub", "scope", "scp", "jti"]), json_values))
def test_any_signed_claims_give_a_caller_or_are_refused(changes: dict[str, object]) -> None:
    payload = json.dumps({**PEER.claims(f"{HERE}/mcp"), **changes}).encode()
    key, algorithm = PEER.keys["first"]
    token = jwt.api_jws.encode(payload, key, algorithm=algorithm, headers={"kid": "first"})
    try:
        assert verify(token)
    except (InvalidToken, NoScope):
        assert changes
