"""Importing the protocol's libraries in less time.

They have some six hundred models, for every revision of the protocol, of which a process uses a few dozen. Building
the validators of all is a fifth of a server's start.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from pydantic import BaseModel


@contextmanager
def validators_at_first_use() -> Generator[None]:
    """Let models that are imported inside build their validators when they are first used.

    Source: https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.defer_build
    """
    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        del BaseModel.model_config["defer_build"]
