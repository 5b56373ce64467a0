"""Passwords from files and from AWS Secrets Manager, asked of a double that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from moorage.core.postgres.address import Address
from moorage.databases.definitions import DirectPostgres
from moorage.databases.errors import SecretUnavailable
from moorage.databases.sources.secrets import Login, forget_login, login_of
from tests.support.data_api_double import ACCOUNT, DataApiDouble, data_api


@pytest.fixture
async def double(address: Address, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DataApiDouble]:
    async with data_api(address, user="nobody") as serving:
        monkeypatch.setenv("AWS_ENDPOINT_URL", serving.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        yield serving


@pytest.fixture
def arn() -> str:
    """A secret that no other test has asked for."""
    return f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:shop-{uuid4().hex[:6]}"


def defined(**login: str) -> DirectPostgres:
    return DirectPostgres.model_validate({"database": "shop", **login})


@pytest.mark.parametrize(
    ("secret", "user", "login"),
    [
        (json.dumps({"username": "ada", "password": "p1", "port": 5432}), None, Login("ada", "p1")),
        (json.dumps({"username": "ada", "password": "p1"}), "bob", Login("bob", "p1")),
        ("p1 \n", "bob", Login("bob", "p1")),
        ("12345", "bob", Login("bob", "12345")),
    ],
    ids=["as RDS keeps it", "the definition's user goes first", "a bare password", "a password of digits"],
)
async def test_a_login_is_read_from_secrets_manager(double, arn, secret, user, login):
    double.secrets[arn] = secret
    assert await login_of(defined(secret_arn=arn, **({"username": user} if user else {}))) == login


async def test_a_secret_is_asked_for_once_until_a_login_is_refused(double, arn):
    definition = defined(secret_arn=arn)
    double.secrets[arn] = json.dumps({"username": "ada", "password": "old"})
    await login_of(definition)
    double.secrets[arn] = json.dumps({"username": "ada", "password": "new"})
    assert await login_of(definition) == Login("ada", "old")
    assert forget_login(definition)
    assert await login_of(definition) == Login("ada", "new")
    assert len(double.calls) == 2


@pytest.mark.parametrize("secret", [None, '{"username": "ada"}', '{"password": 5}'])
async def test_a_secret_that_cannot_be_used_is_named_without_account_or_content(double, arn, secret):
    if secret is not None:
        double.secrets[arn] = secret
    with pytest.raises(SecretUnavailable) as caught:
        await login_of(defined(secret_arn=arn))
    text = caught.value.as_text()
    assert arn.rpartition(":")[2] in text
    assert ACCOUNT not in text
    assert "ada" not in text


async def test_a_password_file_is_read_anew_each_time(tmp_path):
    file = _written(tmp_path / "password", "one\n")
    definition = defined(username="ada", password_file=str(file))
    assert await login_of(definition) == Login("ada", "one")
    _written(file, "two")
    assert await login_of(definition) == Login("ada", "two")


async def test_a_password_file_that_others_can_read_is_warned_of_once(tmp_path):
    file = _written(tmp_path / "password", "one", mode=0o644)
    with capture_logs() as logged:
        for _ in range(2):
            await login_of(defined(password_file=str(file)))
    assert [each["event"] for each in logged] == ["password_file.others_can_read"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"], ids=["is not there", "is empty", "is no text"])
async def test_a_password_file_that_is_no_password_is_named(tmp_path, content):
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretUnavailable, match="password_file"):
        await login_of(defined(password_file=str(file)))


async def test_a_password_is_not_shown():
    assert "secret" not in repr(await login_of(defined(username="ada", password="secret")))


def _written(file: Path, text: str, *, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file
