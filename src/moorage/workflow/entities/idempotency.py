"""One call, one effect: a call that is repeated under its idempotency key gets the first answer, and does nothing.

Keys belong to their caller. What is kept is written by the same transaction as the call's effect, so that both are
there or neither is. The answer is kept as the JSON that the caller saw: writes of many entities answer with names and
versions rather than data, or every key would cost a copy of them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from moorage.core.access import current_caller
from moorage.core.errors import InvalidInput
from moorage.core.postgres.queries import Executor
from moorage.workflow.entities import store
from moorage.workflow.entities.models import Answer
from moorage.workflow.errors import KeyReused

MAX_KEY_CHARACTERS = 200
SomeAnswer = TypeVar("SomeAnswer", bound=Answer)


async def answered_once(
    transaction: Executor,
    key: str | None,
    request: bytes,
    kind: type[SomeAnswer],
    act: Callable[[], Awaitable[SomeAnswer]],
) -> SomeAnswer:
    """Do something under an idempotency key, or return the answer it had, marked `repeated`.

    Begin the transaction with it: a call under the same key waits here, and should hold no locks meanwhile. Everything
    `act` writes belongs into the same transaction. A call that fails leaves its key free.

    Args:
        key: None does it without remembering.
        request: from `request_hash`; tells a repeated call from another one under the same key.
        kind: the model that the answer is read back into; what it excludes from its JSON is not kept.

    Raises:
        KeyReused: the key belongs to another request.
        InvalidInput: the key is empty or too long.
    """
    if key is None:
        return await act()
    _refuse_unfit_key(key)
    actor = current_caller().name
    first_request, answer = await store.request_begin_in(transaction, actor, key, request)
    if first_request != request:
        raise KeyReused(
            f"idempotency_key: {key!r} was used before, for another call or other arguments",
            hint="Take a new key for a new call; repeat a call with exactly the same arguments.",
        )
    if answer is not None:
        return kind.model_validate(answer).model_copy(update={"repeated": True})
    done = await act()
    await store.request_answer_in(transaction, actor, key, done.model_dump(mode="json"))
    return done


def request_hash(tool: str, arguments: Mapping[str, Any]) -> bytes:
    """Return the same for the same call, whatever the order of its arguments; leave the key itself out.

    Raises:
        InvalidInput: the arguments are nested so deeply that they cannot be read.
    """
    try:
        text = json.dumps([tool, arguments], sort_keys=True, separators=(",", ":"), default=str)
    except RecursionError:
        raise InvalidInput("the arguments are nested too deeply", hint="Nest less than a hundred levels.") from None
    return sha256(text.encode()).digest()


def _refuse_unfit_key(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise InvalidInput(
            f"idempotency_key: {len(key)} characters, 1 to {MAX_KEY_CHARACTERS} are allowed",
            hint="Any text of your own will do, such as a UUID.",
        )
