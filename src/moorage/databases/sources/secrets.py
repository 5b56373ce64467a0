"""Where passwords come from: the definition itself, a file, or AWS Secrets Manager. None is ever shown."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import SecretUnavailable
from moorage.databases.sources.aws import aws_errors, client_of, region_of, without_accounts

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 300.0
READ_SECONDS = 10
ATTEMPTS = 3
_READABLE_BY_OTHERS = 0o077


@dataclass(frozen=True)
class Login:
    """Who logs in; None is left to the driver, which asks `.pgpass` and the system."""

    user: str | None
    password: str | None = field(default=None, repr=False)


# By ARN: what Secrets Manager said, and until when that is taken for true.
_remembered: dict[str, tuple[Login, float]] = {}


async def login_of(definition: DirectPostgres) -> Login:
    """Return user and password as they are now: files are read each time, AWS is asked every few minutes.

    A user that the definition names goes before the one in the secret.

    Raises:
        SecretUnavailable: the file or the secret cannot be read, or holds no password.
        NotSupported: there is a secret_arn, and the extra `aws` is not installed.
    """
    if definition.password is not None:
        return Login(definition.username, definition.password.get_secret_value())
    if definition.password_file is not None:
        return Login(definition.username, await asyncio.to_thread(_password_in, definition.password_file))
    if definition.secret_arn is not None:
        login = await _login_from_aws(definition.secret_arn, definition.region)
        return Login(definition.username or login.user, login.password)
    return Login(definition.username)


def forget_login(definition: DirectPostgres) -> bool:
    """Forget what AWS said, after a refused login; True when asking again may bring another password."""
    return definition.secret_arn is not None and _remembered.pop(definition.secret_arn, None) is not None


def _password_in(name: str) -> str:
    path = Path(name).expanduser()
    try:
        if path.stat().st_mode & _READABLE_BY_OTHERS:
            _warn_of(path)
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SecretUnavailable(f"password_file {name!r} cannot be read: {reason}") from None
    if not password:
        raise SecretUnavailable(f"password_file {name!r} is empty", hint="Write the password into it.")
    return password


@cache
def _warn_of(path: Path) -> None:
    log.warning("password_file.others_can_read", path=str(path), hint=f"chmod 600 {path}")


async def _login_from_aws(arn: str, region: str | None) -> Login:
    login, until = _remembered.get(arn, (None, 0.0))
    if login is None or until < monotonic():
        login = _login_in(await asyncio.to_thread(_secret, arn, region or region_of(arn)), arn)
        _remembered[arn] = (login, monotonic() + REMEMBERED_SECONDS)
    return login


def _secret(arn: str, region: str) -> str:
    try:
        client = client_of("secretsmanager", region, read_seconds=READ_SECONDS, attempts=ATTEMPTS)
        answer = client.get_secret_value(SecretId=arn)
    except aws_errors() as error:
        raise _unavailable(arn, without_accounts(str(error))) from None
    if "SecretString" not in answer:
        raise _unavailable(arn, "it is binary")
    return answer["SecretString"]


def _login_in(secret: str, arn: str) -> Login:
    """Read a secret in the form RDS keeps it, or as a bare password.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    given = _document(secret)
    if given is None:
        return Login(None, secret.strip())
    if not isinstance(given.get("password"), str):
        raise _unavailable(arn, "it has no password")
    return Login(given.get("username"), given["password"])


def _document(secret: str) -> dict[str, Any] | None:
    try:
        given = json.loads(secret)
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _unavailable(arn: str, reason: str) -> SecretUnavailable:
    return SecretUnavailable(
        f"the secret {arn.rpartition(':')[2]!r} of AWS Secrets Manager cannot be used: {reason}",
        hint="The caller's AWS identity needs secretsmanager:GetSecretValue; the secret is JSON with username and "
        "password, or the password alone.",
    )
