"""What the Data API says when something fails, as failures of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from moorage.core.errors import MoorageError
from moorage.databases.connectors.failures import sql_failure
from moorage.databases.errors import (
    AnswerTooLarge,
    DatabaseBusy,
    DatabaseLoginRefused,
    DatabaseUnavailable,
    InvalidDefinition,
    NotSupported,
    QueryTookTooLong,
    SecretUnavailable,
)
from moorage.databases.sources.aws import without_accounts

RESUMING = "DatabaseResumingException"
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_TOO_LARGE = re.compile(r"exceed\w* (the )?size limit|size (is|was) too large|query is too large", re.IGNORECASE)
# "ERROR: relation "x" does not exist; Position: 15; SQLState: 42P01", as the service tells errors of PostgreSQL.
_SAID_BY_POSTGRES = re.compile(
    r"^(?:ERROR|FATAL): (?P<message>.*?)(?:; Position: (?P<position>\d+))?; SQLState: (?P<state>\w{5})$", re.DOTALL
)
_RIGHTS = (
    "The AWS identity needs rds-data:ExecuteStatement, rds-data:BeginTransaction, rds-data:CommitTransaction and "
    "rds-data:RollbackTransaction on the cluster, and secretsmanager:GetSecretValue on the secret."
)
_CREDENTIALS = "Renew the AWS credentials of this process (aws sts get-caller-identity shows whether they work)."
_AGAIN = "Repeat the call in a moment."
# https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/CommonErrors.html and each operation's errors.
_MEANING: dict[str, tuple[type[MoorageError], str]] = {
    "StatementTimeoutException": (QueryTookTooLong, "Ask for less; the Data API ends every call after 45 seconds."),
    RESUMING: (DatabaseUnavailable, "The cluster was paused and is starting; repeat the call in half a minute."),
    "DatabaseUnavailableException": (DatabaseUnavailable, _AGAIN),
    "ServiceUnavailableError": (DatabaseUnavailable, _AGAIN),
    "InternalServerErrorException": (DatabaseUnavailable, _AGAIN),
    "TransactionNotFoundException": (DatabaseUnavailable, "The service ended the transaction; repeat the call."),
    "DatabaseNotFoundException": (DatabaseLoginRefused, "Check `database` of the definition."),
    "HttpEndpointNotEnabledException": (
        NotSupported,
        "Enable the Data API of the cluster (RDS, enable-http-endpoint).",
    ),
    "BadRequestException": (
        NotSupported,
        "Check that the cluster's Data API is enabled, and the ARNs of the definition.",
    ),
    "ValidationException": (NotSupported, "Check the ARNs of the definition, and the length of the statement."),
    "ParamValidationError": (InvalidDefinition, "Check the ARNs of the definition."),
    "NoRegionError": (InvalidDefinition, "Name `region` in the definition."),
    "InvalidResourceStateException": (DatabaseUnavailable, "Look at the state of the cluster in RDS."),
    "InvalidSecretException": (SecretUnavailable, "Check secret_arn: it must hold username and password."),
    "SecretsErrorException": (SecretUnavailable, "Check secret_arn, and that the secret can be decrypted."),
    "ForbiddenException": (DatabaseLoginRefused, _RIGHTS),
    "AccessDeniedException": (DatabaseLoginRefused, _RIGHTS),
    "NotFoundException": (DatabaseLoginRefused, "Check resource_arn and region."),
    "UnsupportedResultException": (NotSupported, "Cast columns of unusual types to text: RETURNING area::text."),
    "ExpiredTokenException": (DatabaseLoginRefused, _CREDENTIALS),
    "UnrecognizedClientException": (DatabaseLoginRefused, _CREDENTIALS),
    "InvalidSignatureException": (DatabaseLoginRefused, _CREDENTIALS),
    "InvalidClientTokenId": (DatabaseLoginRefused, _CREDENTIALS),
    "IncompleteSignature": (DatabaseLoginRefused, _CREDENTIALS),
    "NoCredentialsError": (DatabaseLoginRefused, _CREDENTIALS),
    "CredentialRetrievalError": (DatabaseLoginRefused, _CREDENTIALS),
    "PartialCredentialsError": (DatabaseLoginRefused, _CREDENTIALS),
    "ProfileNotFound": (DatabaseLoginRefused, _CREDENTIALS),
    "SSOTokenLoadError": (DatabaseLoginRefused, _CREDENTIALS),
    "UnauthorizedSSOTokenError": (DatabaseLoginRefused, _CREDENTIALS),
    "TokenRetrievalError": (DatabaseLoginRefused, _CREDENTIALS),
}


def code_of(error: Exception) -> str:
    """Return the service's name of an error, or the class of one that the client itself raised."""
    response: dict[str, Any] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code") or type(error).__name__


def is_passing(error: Exception) -> bool:
    """Whether the call was not begun, and may be a moment later."""
    return code_of(error) == RESUMING or is_throttled(error)


def is_throttled(error: Exception) -> bool:
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return code_of(error) in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS


@dataclass(frozen=True)
class Sent:
    """A caller's statement inside what is sent.

    Attributes:
        start: how many characters of ours stand before it.
    """

    sql: str
    start: int


def translate(error: Exception, sent: Sent | None) -> MoorageError:
    """Return the failure of ours that an error of the client means.

    Args:
        sent: to tell the place of an error; None where no statement of a caller is sent, or its places have moved.
    """
    code, message = code_of(error), _message(error)
    if _TOO_LARGE.search(message):
        return AnswerTooLarge(
            "an answer is larger than the 1 MiB that the Data API carries", hint="Ask for fewer columns, or cut them."
        )
    if said := _SAID_BY_POSTGRES.match(message):
        return _from_postgres(said, sent)
    if is_throttled(error):
        return DatabaseBusy("the Data API takes no further calls now", hint=_AGAIN)
    meaning, hint = _MEANING.get(code, (DatabaseUnavailable, _AGAIN))
    said = f"{code}: {without_accounts(message)}" if message else code
    return meaning(f"the Data API says {said}", hint=hint)


def _message(error: Exception) -> str:
    response: dict[str, Any] | None = getattr(error, "response", None)
    return str(error) if response is None else response.get("Error", {}).get("Message", "")


def _from_postgres(said: re.Match[str], sent: Sent | None) -> MoorageError:
    message = without_accounts(said["message"])
    if sent is None or said["position"] is None:
        return sql_failure(said["state"], message)
    return sql_failure(said["state"], message, sql=sent.sql, position=int(said["position"]) - sent.start)
