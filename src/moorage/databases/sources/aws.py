"""Clients of Amazon's services, made of what the extra `aws` installs; nothing of it is imported before."""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any

from moorage.databases.errors import NotSupported

CONNECT_SECONDS = 5
# Amazon Resource Names, and the account numbers of twelve digits that stand in them and elsewhere:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = re.compile(r"arn:aws[\w-]*:[^\s\"',;)]+")
_making = Lock()  # only clients may be shared by threads, not what makes them
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


def client_of(service: str, region: str, *, read_seconds: float, connections: int = 10, attempts: int = 1) -> Any:
    """Make a client; slow the first time, and so not for the thread of the event loop.

    Credentials, profiles and endpoints (AWS_ENDPOINT_URL and its kin) are found as in every program of Amazon's.
    The client may be used by several threads at once.

    Raises:
        NotSupported: the extra is not installed.
    """
    try:
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
    with _making:
        return _session().client(service, region_name=region or None, config=config)


@cache
def _session() -> Any:
    """Return what all clients are made of: it reads the descriptions of services once, which takes most of the time."""
    import boto3

    return boto3.session.Session()


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
