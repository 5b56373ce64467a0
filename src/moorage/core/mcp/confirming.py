"""Asking a person for a yes through the client, which the protocol calls elicitation.

A client of 2025-11-25 is asked while the call waits. One of 2026-07-28 is given the question as the result of the
call, and makes the same call again with the answer. The answer is found under the digest of the question, so that it
is good for that question alone, in whichever process it arrives.

Source: https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

from moorage.core.mcp.sdk import (
    MODERN_PROTOCOL_VERSIONS,
    Context,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    InputRequiredToolResult,
    MCPError,
)

PATIENCE_SECONDS = 300.0
"""How long a person has for the answer while a call waits."""

_FIELD = "confirm"
_FORM = {
    "type": "object",
    "properties": {_FIELD: {"type": "boolean", "title": "Yes, do it", "default": False}},
    "required": [_FIELD],
}


class AnswerAwaited(Exception):
    """The call ends here with a question; the client makes it again with the answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_result(self) -> InputRequiredToolResult:
        """Return the question as the call's result."""
        question = ElicitRequest(params=_form(self.message))
        return InputRequiredToolResult(InputRequiredResult(input_requests={_key(self.message): question}))


def can_ask(context: Context) -> bool:
    """Tell whether the client said that it can show a form to a person."""
    request = context.request_context
    capabilities = request.session.client_capabilities if request is not None else None
    if capabilities is None or capabilities.elicitation is None:
        return False
    # Before there were two modes, none was named, and forms were meant.
    return capabilities.elicitation.form is not None or capabilities.elicitation.url is None


async def ask(context: Context, message: str) -> bool:
    """Return whether a person says yes.

    Raises:
        AnswerAwaited: the answer comes with the next call.
    """
    request = context.request_context
    assert request is not None, "who can be asked has made a request"
    if request.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return await _asked_now(context, message)
    answer = (context.input_responses or {}).get(_key(message))
    if answer is None:
        raise AnswerAwaited(message)
    return isinstance(answer, ElicitResult) and _is_yes(answer)


async def _asked_now(context: Context, message: str) -> bool:
    form = _form(message)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return _is_yes(
                await context.session.elicit_form(message, form.requested_schema, related_request_id=context.request_id)
            )
    except (TimeoutError, MCPError):  # the latter is a client's own failure: nobody has said yes
        return False


def _form(message: str) -> ElicitRequestFormParams:
    return ElicitRequestFormParams(message=message, requested_schema=_FORM)


def _is_yes(answer: ElicitResult) -> bool:
    return answer.action == "accept" and (answer.content or {}).get(_FIELD) is True


def _key(message: str) -> str:
    return f"confirm-{sha256(message.encode()).hexdigest()[:32]}"
