"""Cursors: where a reader stands, as text that only the project which wrote it can read again.

A cursor is `<version>.<body>.<signature>`, body and signature in base64url. It is signed and not sealed against eyes:
what it holds is what its holder has read. The purpose stands in the signature and not in the text, so a cursor of one
query says nothing to another. The key is the project's own, and travels with its database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from moorage.core.postgres.queries import Executor, load_statements
from moorage.workflow.errors import InvalidCursor

VERSION = "1"
MAX_CHARACTERS = 10_000
# Half of SHA-256: RFC 2104, section 5, asks for no less than half of the hash and 80 bits.
SIGNATURE_BYTES = 16

_statements = load_statements("moorage.workflow")


async def cursor_key_get(connection: Executor) -> bytes:
    """Return the key that the project's cursors are signed with."""
    return await _statements.cursor_key_get(connection)


def seal(secret: bytes, purpose: str, values: list[Any]) -> str:
    """Return the cursor of these JSON values.

    Args:
        purpose: what it may be used for; the same text opens it again.
    """
    body = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return ".".join((VERSION, _text_of(body), _text_of(_signature(secret, purpose, body))))


def unseal(secret: bytes, purpose: str, text: str) -> list[Any]:
    """Return the values of a cursor.

    Raises:
        InvalidCursor: it is none, was changed, or belongs to another project or purpose.
    """
    version, _, rest = text.partition(".")
    body_text, _, signature_text = rest.partition(".")
    if version != VERSION or len(text) > MAX_CHARACTERS:
        raise _invalid()
    try:
        body, signature = _bytes_of(body_text), _bytes_of(signature_text)
    except (ValueError, binascii.Error):
        raise _invalid() from None
    if not hmac.compare_digest(signature, _signature(secret, purpose, body)):
        raise _invalid()
    return json.loads(body)


def _signature(secret: bytes, purpose: str, body: bytes) -> bytes:
    purpose_hash = hashlib.sha256(purpose.encode()).digest()  # of one length: no purpose runs over into the body
    return hmac.new(secret, purpose_hash + body, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes_of(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _invalid() -> InvalidCursor:
    return InvalidCursor(
        "cursor: not one of this project and this query",
        hint="Pass next_cursor of the last page with the same arguments, or leave it out to begin again.",
    )
