"""Settings of who may call over HTTP, and of the issuer whose tokens are taken."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from moorage.core.http.guards import is_loopback

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with a key pair. HS256 and its kin are not among them: the public key would be their secret."""

ScopeWord = Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$")]
"""What may stand between the blanks of a scope. Source: RFC 6749 section 3.3."""


class IssuerSettings(BaseModel):
    """An identity provider whose access tokens (JWT) are taken over HTTP; without url there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(None, description="Its identifier, exactly as its tokens name it in iss.")
    audience: str | None = Field(
        None,
        min_length=1,
        description="What its tokens name this server in aud; default server.public_url with the endpoint's path.",
    )
    jwks_url: str | None = Field(
        None, description="Where it publishes its keys; default found through its metadata (RFC 8414, OpenID)."
    )
    algorithms: tuple[Algorithm, ...] = Field(
        ("RS256", "ES256", "EdDSA"), description="Signatures that are taken; each needs a key pair."
    )
    scope_claims: tuple[str, ...] = Field(
        ("scope", "scp"), description="Claims that hold scopes: moorage:read, moorage:write, moorage:admin."
    )
    projects_claim: str = Field(
        "moorage_projects",
        min_length=1,
        description="Claim that lists the projects a token is good for; without it, all.",
    )
    databases_claim: str = Field(
        "moorage_databases",
        min_length=1,
        description="Claim that lists the databases a token is good for: id, tag:name, either with =write; without it,"
        " all of them for a token of all projects.",
    )
    name_claim: str = Field("sub", description="Claim that names the caller in rows and logs.")
    asked_scopes: tuple[ScopeWord, ...] = Field(
        ("moorage:read", "moorage:write"),
        description="Scopes that clients without a token are told to ask the issuer for.",
    )
    leeway_seconds: float = Field(30.0, ge=0, le=300, description="How far its clock may be off, in seconds.")
    keys_max_age_seconds: float = Field(
        300.0, gt=0, description="Its keys are fetched again after this; a key it withdrew is refused from then on."
    )

    @field_validator("url", "jwks_url")
    @classmethod
    def _can_be_trusted(cls, value: str | None) -> str | None:
        if value is not None and not is_trustworthy(value):
            raise ValueError("expected https://host/path (http only on loopback), without user and fragment")
        return value

    @field_validator("url")
    @classmethod
    def _has_no_query(cls, value: str | None) -> str | None:
        if value is not None and "?" in value:  # RFC 8414 section 2
            raise ValueError("expected no query in the identifier of an issuer")
        return value


class AccessSettings(BaseModel):
    """Who may call over HTTP, and how often. On standard input and output the operating system's user calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool | None = Field(
        None,
        description="Refuse callers without a token; default as soon as there is a token, or an issuer is set.",
    )
    remember_seconds: float = Field(
        5.0, ge=0, le=300, description="A token that was looked up is good for so long without asking again."
    )
    calls_per_minute: int | None = Field(
        None, ge=1, description="Most calls of one caller in a minute, where its token says nothing; default any."
    )
    issuer: IssuerSettings = IssuerSettings()


def is_trustworthy(url: str) -> bool:
    """Tell whether what comes from the address comes from its owner: over TLS, or from this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or parts.fragment or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
