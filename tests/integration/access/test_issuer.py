"""Tokens of an issuer that really publishes its keys, good ones and the attacks on them.

Sources: RFC 8725 (what goes wrong with JWT), RFC 9068 section 4, and
https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import AnyHttpUrl
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from moorage.access.discovery import Discovery
from moorage.access.errors import InvalidToken, IssuerUnavailable, NoScope
from moorage.access.issuer import MAX_TOKEN_CHARACTERS, Issuer
from moorage.access.jwks import KeyRing
from moorage.access.resources import resources_of
from moorage.access.settings import IssuerSettings
from moorage.core.access import DatabaseGrant, Scope
from tests.support.issuers import REALM, IssuerPeer, new_key, public_jwk, running_issuer, shared_key

HERE = "https://moorage.example"
DOOR = f"{HERE}/mcp"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def peer() -> AsyncIterator[IssuerPeer]:
    async with running_issuer() as peer:
        yield peer


def issuer_of(peer: IssuerPeer, clock: Clock | None = None, **changes: Any) -> Issuer:
    settings = IssuerSettings.model_validate({"url": peer.url, **changes})
    resources = resources_of(settings, public_url=AnyHttpUrl(HERE), paths=("/mcp", "/codebase/mcp"))
    assert resources is not None
    keys = KeyRing(
        Discovery(settings).fetch, max_age_seconds=settings.keys_max_age_seconds, clock=clock or time.monotonic
    )
    return Issuer(settings, resources, keys)


def forged(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """Return a token made by hand, signed with HMAC when there is a secret and not at all otherwise."""

    def encoded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    signature = hmac.digest(secret, text.encode(), "sha256") if secret else b""
    return f"{text}.{encoded(signature)}"


async def test_a_good_token_gives_its_caller(peer: IssuerPeer) -> None:
    token = peer.token(DOOR, moorage_projects=["web", "api"])
    caller = await issuer_of(peer).verify(token, path="/mcp")
    assert (caller.name, caller.scope, caller.projects) == ("ada", Scope.WRITE, frozenset({"web", "api"}))
    assert caller.expires_at is not None
    assert caller.expires_at.timestamp() == jwt.decode(token, options={"verify_signature": False})["exp"] + 30


async def test_databases_of_a_token_are_those_of_its_claim(peer: IssuerPeer) -> None:
    token = peer.token(DOOR, moorage_databases="shop tag:eu=write")
    caller = await issuer_of(peer).verify(token, path="/mcp")
    assert caller.databases == (DatabaseGrant("shop"), DatabaseGrant("tag:eu", may_write=True))
    assert (await issuer_of(peer).verify(peer.token(DOOR), path="/mcp")).databases is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
async def test_every_algorithm_with_a_key_pair_works_when_it_is_set(peer: IssuerPeer, algorithm: str) -> None:
    peer.keys["other"] = (shared_key(algorithm), algorithm)
    issuer = issuer_of(peer, algorithms=(algorithm,))
    assert (await issuer.verify(peer.token(DOOR, key_id="other"), path="/mcp")).name == "ada"


@pytest.mark.parametrize(
    "path",
    [
        f"/.well-known/oauth-authorization-server{REALM}",
        f"/.well-known/openid-configuration{REALM}",
        f"{REALM}/.well-known/openid-configuration",
    ],
)
async def test_the_keys_are_found_through_either_kind_of_metadata(peer: IssuerPeer, path: str) -> None:
    peer.metadata_at = path
    assert (await issuer_of(peer).verify(peer.token(DOOR), path="/mcp")).name == "ada"


async def test_a_set_address_of_the_keys_is_asked_alone(peer: IssuerPeer) -> None:
    await issuer_of(peer, jwks_url=peer.jwks_url).verify(peer.token(DOOR), path="/mcp")
    assert peer.asked == [f"{REALM}/certs"]


@pytest.mark.parametrize(
    "audience", [DOOR, [DOOR], ["https://elsewhere.example", DOOR]], ids=["text", "list", "among others"]
)
async def test_the_audience_may_be_a_text_or_a_list(peer: IssuerPeer, audience: Any) -> None:
    assert (await issuer_of(peer).verify(peer.token(audience), path="/mcp")).name == "ada"


async def test_a_token_for_one_endpoint_is_good_there_and_nowhere_else(peer: IssuerPeer) -> None:
    issuer, token = issuer_of(peer), peer.token(f"{HERE}/codebase/mcp")
    assert (await issuer.verify(token, path="/codebase/mcp")).name == "ada"
    for path in ("/mcp", "/workflow/mcp"):
        with pytest.raises(InvalidToken, match="another server"):
            await issuer.verify(token, path=path)


async def test_a_set_audience_is_the_only_one(peer: IssuerPeer) -> None:
    issuer = issuer_of(peer, audience="moorage")
    assert (await issuer.verify(peer.token("moorage"), path="/mcp")).name == "ada"
    with pytest.raises(InvalidToken):
        await issuer.verify(peer.token(DOOR), path="/mcp")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://elsewhere.example/mcp"}, id="another audience"),
        pytest.param({"aud": f"{DOOR}/"}, id="nearly the audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": []}, id="an empty audience"),
        pytest.param({"aud": {DOOR: True}}, id="an audience of a wrong type"),
        pytest.param({"aud": [DOOR, 1]}, id="an audience with a number"),
        pytest.param({"iss": "https://elsewhere.example"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": "soon"}, id="an end that is no number"),
        pytest.param({"exp": 10**30}, id="an end beyond the calendar"),
        pytest.param({"nbf": 10**11}, id="not valid yet"),
        pytest.param({"iat": 10**11}, id="issued in the future"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": ""}, id="an empty name"),
        pytest.param({"sub": "ada\nroot"}, id="a name of two lines"),
        pytest.param({"sub": "a" * 256}, id="a long name"),
        pytest.param({"scope": 7}, id="a scope that is a number"),
        pytest.param({"scope": ["moorage:read", 7]}, id="a scope among numbers"),
        pytest.param({"moorage_projects": 7}, id="projects that are a number"),
        pytest.param({"moorage_projects": {"web": True}}, id="projects that are a map"),
        pytest.param({"moorage_databases": 7}, id="databases that are a number"),
        pytest.param({"moorage_databases": ["shop", "shop=all"]}, id="databases with a right that is none"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(peer: IssuerPeer, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(jwt_of(peer, {**peer.claims(DOOR), **changes}), path="/mcp")


def jwt_of(peer: IssuerPeer, claims: dict[str, Any], **headers: Any) -> str:
    """Sign exactly these claims; the library would refuse some of them."""
    key, algorithm = peer.keys["first"]
    headers = {"kid": "first", "typ": "at+jwt", **headers}
    payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
    return jwt.api_jws.encode(payload, key, algorithm=algorithm, headers=headers)


async def test_a_token_without_any_of_our_scopes_is_refused_as_such(peer: IssuerPeer) -> None:
    with pytest.raises(NoScope) as refused:
        await issuer_of(peer).verify(peer.token(DOOR, scope="openid email"), path="/mcp")
    assert "moorage:read" in refused.value.hint


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", None, 5, ["ES256"]])
async def test_a_token_without_signature_is_refused(peer: IssuerPeer, algorithm: Any) -> None:
    token = forged({"alg": algorithm, "kid": "first", "typ": "at+jwt"}, peer.claims(DOOR))
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(token, path="/mcp")


async def test_a_signature_with_the_public_key_as_secret_is_refused(peer: IssuerPeer) -> None:
    key = shared_key("RS256")
    peer.keys["rsa"] = (key, "RS256")
    public = key.public_key()
    secrets = [
        public.public_bytes(encoding, kind)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
        for kind in (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1)
    ]
    secrets.append(json.dumps(public_jwk(key, "RS256", kid="rsa")).encode())
    issuer = issuer_of(peer)
    for secret in secrets:
        with pytest.raises(InvalidToken):
            await issuer.verify(forged({"alg": "HS256", "kid": "rsa"}, peer.claims(DOOR), secret), path="/mcp")


async def test_a_symmetric_key_that_the_issuer_publishes_is_not_used(peer: IssuerPeer) -> None:
    secret = b"s" * 32
    encoded = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    peer.published = {"keys": [{"kty": "oct", "kid": "shared", "alg": "HS256", "k": encoded}]}
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(forged({"alg": "HS256", "kid": "shared"}, peer.claims(DOOR), secret), path="/mcp")


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "ES384", "EdDSA"])
async def test_a_key_is_used_with_its_own_algorithm_only(peer: IssuerPeer, algorithm: str) -> None:
    """The key named by the token is an RS256 one; the token is signed with another kind of key, or in another way."""
    peer.keys["rsa"] = (shared_key("RS256"), "RS256")
    signing = shared_key("RS256") if algorithm in ("RS512", "PS256") else shared_key(algorithm)
    token = jwt.encode(peer.claims(DOOR), signing, algorithm=algorithm, headers={"kid": "rsa", "typ": "at+jwt"})
    with pytest.raises(InvalidToken):
        await issuer_of(peer, algorithms=("RS256", "RS512", "PS256", "ES384", "EdDSA")).verify(token, path="/mcp")


async def test_a_token_signed_by_somebody_else_under_a_known_key_id_is_refused(peer: IssuerPeer) -> None:
    token = jwt.encode(peer.claims(DOOR), new_key("ES256"), algorithm="ES256", headers={"kid": "first"})
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(token, path="/mcp")


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
async def test_a_key_that_the_token_brings_along_is_not_believed(peer: IssuerPeer, member: str) -> None:
    own = new_key("ES256")
    brought = {
        "jwk": public_jwk(own, "ES256", kid="own"),
        "jku": f"{peer.origin}/attacker/certs",
        "x5u": f"{peer.origin}/attacker/cert",
        "x5c": ["MIIB"],
    }[member]
    for key_id in ("own", "first"):
        headers = {"kid": key_id, "typ": "at+jwt", member: brought}
        with pytest.raises(InvalidToken):
            await issuer_of(peer).verify(
                jwt.encode(peer.claims(DOOR), own, algorithm="ES256", headers=headers), path="/mcp"
            )
    assert not [path for path in peer.asked if path.startswith("/attacker")]


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": ["unknown"], "unknown": 1},
        {"crit": []},
        {"crit": "exp"},
    ],
    ids=str,
)
async def test_a_critical_header_is_refused(peer: IssuerPeer, headers: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(jwt_of(peer, peer.claims(DOOR), **headers), path="/mcp")


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"typ": "JWT"}, {"nonce": "n-0S6", "at_hash": "77Qm"}),
        ({"typ": "JWT"}, {"nonce": "n-0S6"}),
        ({"typ": "JWT"}, {"typ": "ID"}),
        ({"typ": "JWT"}, {"typ": "Refresh"}),
        ({"typ": "JWT"}, {"token_use": "id"}),
        ({"typ": "logout+jwt"}, {}),
        ({"typ": "dpop+jwt"}, {}),
        ({"typ": "secevent+jwt"}, {"typ": "Bearer"}),
    ],
)
async def test_a_token_of_another_kind_is_refused(
    peer: IssuerPeer, headers: dict[str, Any], claims: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken, match="no access token"):
        await issuer_of(peer).verify(peer.token(DOOR, headers=headers, **claims), path="/mcp")


async def test_a_token_bound_to_a_key_is_not_taken_from_whoever_bears_it(peer: IssuerPeer) -> None:
    """RFC 9449 section 7.2."""
    bound = peer.token(DOOR, headers={"typ": "at+jwt"}, cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})
    with pytest.raises(InvalidToken, match="bound to a key"):
        await issuer_of(peer).verify(bound, path="/mcp")


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"typ": "at+jwt"}, {}),
        ({"typ": "application/at+JWT"}, {}),
        ({"typ": "JWT"}, {}),
        ({"typ": "JWT"}, {"typ": "Bearer", "nonce": "as older Keycloaks do"}),
        ({"typ": None}, {}),
        ({"typ": "JWT"}, {"token_use": "access"}),
    ],
)
async def test_access_tokens_of_the_usual_issuers_are_taken(
    peer: IssuerPeer, headers: dict[str, Any], claims: dict[str, Any]
) -> None:
    assert (await issuer_of(peer).verify(peer.token(DOOR, headers=headers, **claims), path="/mcp")).name == "ada"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "eyJhbGciOiJFUzI1NiJ9..",
        "mrg_" + "a" * 43,
        "é" * 20,
        "\ud800.a.b",
        "W10.e30.AA",
        "a" * (MAX_TOKEN_CHARACTERS + 1),
        base64.urlsafe_b64encode(b"[" * 9000).decode() + ".e30.AA",
    ],
    ids=range(11),
)
async def test_what_is_no_token_is_refused_without_asking_the_issuer(peer: IssuerPeer, token: str) -> None:
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(token, path="/mcp")
    assert peer.asked == []


async def test_a_token_that_was_tampered_with_is_refused(peer: IssuerPeer) -> None:
    header, _, signature = peer.token(DOOR, scope="moorage:read").split(".")
    _, claims, _ = peer.token(DOOR, scope="moorage:admin").split(".")
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(f"{header}.{claims}.{signature}", path="/mcp")


async def test_a_token_that_was_good_is_refused_once_it_ends(peer: IssuerPeer) -> None:
    until = time.time() + 0.4
    issuer = issuer_of(peer, leeway_seconds=until - int(until))
    token = peer.token(DOOR, exp=int(until))
    assert await issuer.verify(token, path="/mcp") is await issuer.verify(token, path="/mcp")
    while time.time() < until:
        await asyncio.sleep(0.01)
    with pytest.raises(InvalidToken, match="expired"):
        await issuer.verify(token, path="/mcp")


async def test_a_new_key_is_fetched_when_a_token_names_it(peer: IssuerPeer, clock: Clock) -> None:
    issuer = issuer_of(peer, clock)
    await issuer.verify(peer.token(DOOR), path="/mcp")
    peer.keys["second"] = (shared_key("EdDSA"), "EdDSA")
    clock.now += 11
    assert (await issuer.verify(peer.token(DOOR, key_id="second"), path="/mcp")).name == "ada"
    assert peer.fetches == 2


async def test_a_withdrawn_key_is_refused_once_the_keys_are_old(peer: IssuerPeer, clock: Clock) -> None:
    issuer, token = issuer_of(peer, clock), peer.token(DOOR)
    await issuer.verify(token, path="/mcp")
    peer.keys = {"second": (shared_key("EdDSA"), "EdDSA")}
    clock.now += 299
    assert (await issuer.verify(token, path="/mcp")).name == "ada"
    clock.now += 1
    with pytest.raises(InvalidToken, match="not the issuer's"):
        await issuer.verify(token, path="/mcp")


async def test_a_key_id_that_gets_another_key_ends_the_tokens_of_the_old_one(peer: IssuerPeer, clock: Clock) -> None:
    issuer, token = issuer_of(peer, clock), peer.token(DOOR)
    await issuer.verify(token, path="/mcp")
    peer.keys["first"] = (new_key("ES256"), "ES256")
    clock.now += 300
    with pytest.raises(InvalidToken):
        await issuer.verify(token, path="/mcp")


async def test_a_flood_of_unknown_keys_asks_the_issuer_once(peer: IssuerPeer, clock: Clock) -> None:
    issuer = issuer_of(peer, clock)
    await issuer.verify(peer.token(DOOR), path="/mcp")
    clock.now += 11
    tokens = [
        jwt.encode(peer.claims(DOOR), shared_key("EdDSA"), algorithm="EdDSA", headers={"kid": f"made-up-{number}"})
        for number in range(200)
    ]
    results = await asyncio.gather(*(issuer.verify(token, path="/mcp") for token in tokens), return_exceptions=True)
    assert {type(result) for result in results} == {InvalidToken}
    assert peer.fetches == 2


async def test_many_first_callers_share_one_fetch(peer: IssuerPeer) -> None:
    issuer = issuer_of(peer)
    callers = await asyncio.gather(
        *(issuer.verify(peer.token(DOOR, jti=str(number)), path="/mcp") for number in range(50))
    )
    assert {caller.name for caller in callers} == {"ada"}
    assert peer.fetches == 1


async def test_an_issuer_that_is_down_lets_nobody_in(peer: IssuerPeer) -> None:
    peer.fails_with = PlainTextResponse("down", status_code=500)
    with pytest.raises(IssuerUnavailable) as refused:
        await issuer_of(peer).verify(peer.token(DOOR), path="/mcp")
    assert refused.value.retryable


async def test_an_issuer_that_is_not_there_lets_nobody_in() -> None:
    async with running_issuer() as peer:
        token, issuer = peer.token(DOOR), issuer_of(peer)
    with pytest.raises(IssuerUnavailable):
        await issuer.verify(token, path="/mcp")


async def test_known_keys_are_believed_for_a_while_when_the_issuer_goes_down(peer: IssuerPeer, clock: Clock) -> None:
    issuer, token = issuer_of(peer, clock), peer.token(DOOR)
    await issuer.verify(token, path="/mcp")
    peer.fails_with = PlainTextResponse("down", status_code=500)
    clock.now += 3599
    assert (await issuer.verify(token, path="/mcp")).name == "ada"
    clock.now += 1
    with pytest.raises(IssuerUnavailable):
        await issuer.verify(token, path="/mcp")


async def test_an_issuer_that_comes_back_is_asked_again_after_a_pause(peer: IssuerPeer, clock: Clock) -> None:
    issuer, token = issuer_of(peer, clock), peer.token(DOOR)
    peer.fails_with = PlainTextResponse("down", status_code=500)
    for _ in range(5):
        with pytest.raises(IssuerUnavailable):
            await issuer.verify(token, path="/mcp")
    assert len(peer.asked) == 3  # once each place where the metadata may be
    peer.fails_with = None
    clock.now += 10
    assert (await issuer.verify(token, path="/mcp")).name == "ada"


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("<html>", status_code=200),
        JSONResponse([]),
        JSONResponse({"keys": {}}),
        PlainTextResponse('{"keys": [' + " " * 600_000 + "]}"),
        PlainTextResponse("[" * 100_000),
        RedirectResponse("/moved"),
    ],
    ids=["no JSON", "a list", "no key set", "too large", "too deep", "a redirect"],
)
async def test_an_answer_that_is_no_key_set_is_no_answer(peer: IssuerPeer, answer: Any) -> None:
    peer.fails_with = answer
    with pytest.raises(IssuerUnavailable):
        await issuer_of(peer, jwks_url=peer.jwks_url).verify(peer.token(DOOR), path="/mcp")


async def test_an_issuer_that_hangs_is_not_waited_for(peer: IssuerPeer) -> None:
    peer.may_answer.clear()
    discovery = Discovery(IssuerSettings(url=peer.url), timeout_seconds=0.01)
    with pytest.raises(IssuerUnavailable, match="Timeout"):
        await discovery.fetch()
    peer.may_answer.set()


async def test_metadata_of_another_issuer_is_not_believed(peer: IssuerPeer) -> None:
    peer.fails_with = JSONResponse({"issuer": "https://elsewhere.example", "jwks_uri": peer.jwks_url})
    with pytest.raises(IssuerUnavailable):
        await issuer_of(peer).verify(peer.token(DOOR), path="/mcp")
    assert peer.fetches == 0


async def test_keys_are_not_fetched_over_plain_http_from_elsewhere(peer: IssuerPeer) -> None:
    peer.fails_with = JSONResponse({"issuer": peer.url, "jwks_uri": "http://issuer.example/certs"})
    with pytest.raises(IssuerUnavailable):
        await issuer_of(peer).verify(peer.token(DOOR), path="/mcp")


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"alg": "RSA-OAEP"},
        {"alg": "RS512"},
        {"key_ops": ["encrypt"]},
        {"kid": None},
        {"kty": "EC"},
        {"kty": []},
        {"n": "???"},
        {"n": None},
        {"d": "AQAB"},
    ],
    ids=str,
)
async def test_a_published_key_that_is_not_for_this_is_left_out(peer: IssuerPeer, changes: dict[str, Any]) -> None:
    peer.keys["rsa"] = (shared_key("RS256"), "RS256")
    good = public_jwk(shared_key("RS256"), "RS256", kid="rsa")
    jwk = {name: value for name, value in {**good, **changes}.items() if value is not None}
    peer.published = {"keys": [jwk, 7, None]}
    with pytest.raises(InvalidToken, match="not the issuer's"):
        await issuer_of(peer).verify(peer.token(DOOR, key_id="rsa"), path="/mcp")


async def test_a_published_key_that_is_too_short_is_left_out(peer: IssuerPeer) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    peer.published = {"keys": [public_jwk(short, "RS256", kid="short")]}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(peer.claims(DOOR), short, algorithm="RS256", headers={"kid": "short"})
    with pytest.raises(InvalidToken):
        await issuer_of(peer).verify(token, path="/mcp")
