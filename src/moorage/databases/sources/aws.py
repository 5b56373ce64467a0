"""Clients of Amazon's services, made of what the extra `aws` installs; nothing of it is imported before."""

from __future__ import annotations

import re
from typing import Any

from moorage.databases.errors import NotSupported

CONNECT_SECONDS = 5
# Amazon Resource Names, and the account numbers of twelve digits that stand in them and elsewhere:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = re.compile(r"arn:aws[\w-]*:[^\s\"',;)]+")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


def client_of(service: str, region: str, *, read_seconds: float, connections: int = 10, attempts: int = 1) -> Any:
    """Make a client; slow the first time, and so not for the thread of the event loop.

    Credentials, profiles and endpoints (AWS_ENDPOINT_URL and its kin) are found as in every program of Amazon's.
    The client may be used by several threads at once.

    Raises:
        NotSupported: the extra is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise NotSupported(
            "talking to AWS needs boto3, which is not installed", hint="Run: pip install moorage[aws]"
        ) from None
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        max_pool_connections=connections,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    return boto3.session.Session(region_name=region).client(service, config=config)


def aws_errors() -> tuple[type[Exception], ...]:
    """Return what clients raise, for an `except` clause; nothing where the extra is not installed."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def region_of(arn: str) -> str:
    """Return the region that a name stands in; empty when it is no name of Amazon's."""
    return (arn.split(":", 4) + [""] * 4)[3]


def without_accounts(text: str) -> str:
    """Return what AWS says without names and numbers that tell whose account it is."""
    return _ACCOUNT.sub("…", _ARN.sub("…", text))
