"""Settings of an issuer that would open a hole are refused when they are loaded."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from moorage.access.discovery import metadata_urls
from moorage.access.settings import IssuerSettings
from moorage.settings import InvalidSettings, load_settings


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "none", "None", "", "RS1", "ES256K"])
def test_an_algorithm_without_a_key_pair_is_refused(algorithm: str) -> None:
    with pytest.raises(InvalidSettings, match=r"access\.issuer\.algorithms"):
        load_settings({"access": {"issuer": {"url": "https://login.example", "algorithms": ["RS256", algorithm]}}})


@pytest.mark.parametrize("field", ["url", "jwks_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://login.example",
        "http://127.0.0.1.example",
        "https://user:secret@login.example",
        "https://login.example/#top",
        "file:///etc/passwd",
        "login.example",
        "https://",
        "https://[::1",
    ],
)
def test_an_address_that_anybody_could_answer_for_is_refused(field: str, url: str) -> None:
    with pytest.raises(ValidationError):
        IssuerSettings.model_validate({field: url})


@pytest.mark.parametrize("scope", ["", "two words", 'read", error="x', "a\nb", "lése"])
def test_a_scope_that_would_break_the_challenge_is_refused(scope: str) -> None:
    with pytest.raises(ValidationError):
        IssuerSettings(asked_scopes=(scope,))


def test_a_claim_without_name_that_would_leave_every_token_unlimited_is_refused() -> None:
    with pytest.raises(ValidationError):
        IssuerSettings(projects_claim="")


def test_the_address_of_keys_may_have_a_query_and_that_of_an_issuer_may_not() -> None:
    address = "https://login.example/keys?p=team"
    assert IssuerSettings(jwks_url=address).jwks_url == address
    with pytest.raises(ValidationError):
        IssuerSettings(url=address)


@pytest.mark.parametrize("url", ["https://login.example/realms/team", "https://t.example/", "http://127.0.0.1:8080/x"])
def test_the_url_of_an_issuer_is_kept_to_the_letter(url: str) -> None:
    assert IssuerSettings(url=url).url == url


def test_metadata_is_looked_for_in_the_order_of_the_specification() -> None:
    assert metadata_urls("https://login.example/realms/team") == [
        "https://login.example/.well-known/oauth-authorization-server/realms/team",
        "https://login.example/.well-known/openid-configuration/realms/team",
        "https://login.example/realms/team/.well-known/openid-configuration",
    ]
    assert metadata_urls("https://t.example/") == [
        "https://t.example/.well-known/oauth-authorization-server",
        "https://t.example/.well-known/openid-configuration",
    ]
