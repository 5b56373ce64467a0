"""What can go wrong with SQL over many databases."""

from __future__ import annotations

from typing import ClassVar

from moorage.core.errors import BrokenState, Conflict, Exhausted, Forbidden, InvalidInput, NotFound, Unavailable


class DatabaseNotFound(NotFound):
    """There is no database of this id that the caller may see; `details` name the nearest they may."""

    code: ClassVar[str] = "databases.not_found"


class DatabaseNotNamed(InvalidInput):
    """The call names no database, and there is no default."""

    code: ClassVar[str] = "databases.not_named"


class InvalidDefinition(InvalidInput):
    """A database is described wrongly; every problem is named with its field."""

    code: ClassVar[str] = "databases.invalid_definition"


class DatabaseExists(Conflict):
    """A database of this id is there already."""

    code: ClassVar[str] = "databases.exists"


class DefinitionsNotKept(BrokenState):
    """The file of definitions cannot be read or written, or there is none; nothing was changed."""

    code: ClassVar[str] = "databases.definitions_not_kept"


class DefinitionsLocked(Unavailable):
    """Others have been changing the file of definitions for too long; nothing was changed."""

    code: ClassVar[str] = "databases.definitions_locked"


class SecretUnavailable(Unavailable):
    """A password could not be read from where the definition says it is."""

    code: ClassVar[str] = "databases.secret_unavailable"


class TooManyDatabases(InvalidInput):
    """The call means more databases than one call may ask."""

    code: ClassVar[str] = "databases.too_many"


class SavedQueryNotFound(NotFound):
    """There is no saved query of this name that may run in a database that the caller sees."""

    code: ClassVar[str] = "databases.saved_query_not_found"


class QueryNotForDatabase(Forbidden):
    """The saved query may not run in this database; the hint names those where it may."""

    code: ClassVar[str] = "databases.query_not_for_database"


class ComparisonTooLarge(InvalidInput):
    """There is more in a database than is compared at once; name one schema."""

    code: ClassVar[str] = "databases.comparison_too_large"


class ObjectNotFound(NotFound):
    """The database has no table of this name that its role may see; `details` name near ones."""

    code: ClassVar[str] = "databases.object_not_found"


class UnknownKind(InvalidInput):
    """There is no kind of objects of this name."""

    code: ClassVar[str] = "databases.unknown_kind"


class AmbiguousName(InvalidInput):
    """Several tables have this name, and the search path finds none of them; `details` name them."""

    code: ClassVar[str] = "databases.ambiguous_name"


class InvalidStatement(InvalidInput):
    """The text is no single statement of SQL; the message has PostgreSQL's words and the place."""

    code: ClassVar[str] = "databases.invalid_statement"


class StatementTooLarge(InvalidInput):
    """The text is longer, or nested deeper, than is read."""

    code: ClassVar[str] = "databases.statement_too_large"


class InvalidParameter(InvalidInput):
    """The values do not fit the statement's parameters."""

    code: ClassVar[str] = "databases.invalid_parameter"


class StatementRefused(Forbidden):
    """The statement does what no policy allows here: it acts, reaches outside, disturbs, or reveals secrets."""

    code: ClassVar[str] = "databases.refused"


class WriteNotAllowed(Forbidden):
    """The statement writes, and the database's policy or the caller's grants do not allow this kind of writing."""

    code: ClassVar[str] = "databases.write_not_allowed"


class NotConfirmed(Conflict):
    """A person was asked whether to write, and did not say yes; nothing was written."""

    code: ClassVar[str] = "databases.not_confirmed"


class OutcomeUnknown(Unavailable):
    """The connection was lost over a commit, and whether it took place could not be found out."""

    code: ClassVar[str] = "databases.outcome_unknown"
    retryable: ClassVar[bool] = False


class RoleTooPowerful(Forbidden):
    """The login role may do more than the definition's require_least_privilege allows."""

    code: ClassVar[str] = "databases.role_too_powerful"


class QueryFailed(InvalidInput):
    """PostgreSQL refused the caller's statement; the message has its words, `details` the SQLSTATE and place."""

    code: ClassVar[str] = "databases.query_failed"


class QueryTookTooLong(Exhausted):
    """The statement ran into its time limit, was cancelled in PostgreSQL and rolled back."""

    code: ClassVar[str] = "databases.timeout"


class AnswerTooLarge(Exhausted):
    """Rows so large came that they were not taken in; the statement was cancelled and rolled back."""

    code: ClassVar[str] = "databases.answer_too_large"
    retryable: ClassVar[bool] = False


class ReadingEnded(Conflict):
    """The handle to read on is of nothing that is still open."""

    code: ClassVar[str] = "databases.reading_ended"


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or the connection was cut; nothing was written unless the message says so."""

    code: ClassVar[str] = "databases.unavailable"


class DatabaseBusy(Exhausted):
    """All connections that may be opened are in use."""

    code: ClassVar[str] = "databases.busy"


class DatabaseLoginRefused(Forbidden):
    """The database refused the user, the password, or the database's name."""

    code: ClassVar[str] = "databases.login_refused"


class AuditUnavailable(Unavailable):
    """What was asked for cannot be written into the audit log, without which the settings allow nothing."""

    code: ClassVar[str] = "databases.audit_unavailable"


class NotSupported(BrokenState):
    """The database, or the way to it, cannot do what is asked."""

    code: ClassVar[str] = "databases.not_supported"
