"""What can go wrong with tokens, and at the gate.

MoorageError
├── InvalidInput
│   ├── InvalidTokenRequest    the name, scope, time or limit of a token that is to be made
│   ├── AccessTooOpen          the server could be reached from elsewhere, and would ask nobody who calls
│   └── PublicUrlMissing       an issuer is set, but not what its tokens call this server
├── NotFound
│   └── TokenNotFound
├── Conflict
│   └── TokenNameTaken
├── Forbidden
│   ├── NotAllowed             (core/access.py)
│   │   └── NoScope            a good token that allows nothing here
│   └── Unauthenticated        (core/access.py; HTTP answers 401)
│       ├── TokenMissing
│       └── InvalidToken       unknown, expired or revoked
└── Unavailable
    └── IssuerUnavailable      tokens of an issuer that cannot be checked
"""

from __future__ import annotations

from typing import ClassVar

from moorage.core.access import NotAllowed, Unauthenticated
from moorage.core.errors import Conflict, InvalidInput, NotFound, Unavailable


class InvalidTokenRequest(InvalidInput):
    """A token cannot be made as it was asked for; the message names the field and the value."""

    code: ClassVar[str] = "access.invalid_token_request"


class AccessTooOpen(InvalidInput):
    """Other machines could reach the server, and it would ask nobody who calls."""

    code: ClassVar[str] = "access.too_open"


class PublicUrlMissing(InvalidInput):
    """An issuer is set, but not how clients reach this server, which is what its tokens have to name."""

    code: ClassVar[str] = "access.public_url_missing"


class TokenNotFound(NotFound):
    """No token has this name."""

    code: ClassVar[str] = "access.token_not_found"


class TokenNameTaken(Conflict):
    """A token has this name already, perhaps a revoked one."""

    code: ClassVar[str] = "access.token_name_taken"


class TokenMissing(Unauthenticated):
    """The request shows no token, and this server wants one."""

    code: ClassVar[str] = "access.token_missing"


class InvalidToken(Unauthenticated):
    """The token is unknown, has expired or was revoked; nothing of it is repeated."""

    code: ClassVar[str] = "access.invalid_token"


class NoScope(NotAllowed):
    """The issuer's token is good, but none of its scopes is one of this server."""

    code: ClassVar[str] = "access.no_scope"


class IssuerUnavailable(Unavailable):
    """The issuer does not answer, so that its tokens cannot be checked; nobody is let in unchecked."""

    code: ClassVar[str] = "access.issuer_unavailable"
