"""What the role that a database is reached with could do there, whatever the policy allows.

The policy is the second wall; the first is a role that has no right to do harm. Here is told how much that wall
misses, and refused to work without it where the definition says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from moorage.core.postgres.queries import load_statements
from moorage.core.values import Value
from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database, Definition, StatementKind
from moorage.databases.errors import RoleTooPowerful

REMEMBERED_SECONDS = 300.0
COUNTED_AT_MOST = 1_000
FIRST_POWERS = 6
# https://www.postgresql.org/docs/current/predefined-roles.html, and what providers have in the place of a superuser.
DANGEROUS_ROLES = {
    "pg_read_server_files": "reads files of the server",
    "pg_write_server_files": "writes files of the server",
    "pg_execute_server_program": "runs programs on the server",
    "pg_signal_backend": "ends other sessions",
    "pg_signal_autovacuum_worker": "ends autovacuum",
    "pg_write_all_data": "writes every table",
    "pg_maintain": "locks and rewrites every table",
    "pg_checkpoint": "forces checkpoints",
    "pg_create_subscription": "connects to other servers",
    "rds_superuser": "is the administrator of the cluster",
    "rds_replication": "reads the write-ahead log",
    "cloudsqlsuperuser": "is the administrator of the server",
    "azure_pg_admin": "is the administrator of the server",
}
_statements = load_statements("moorage.databases.roles")


class RolePower(Value):
    """What the login role could do in one database.

    Attributes:
        runs_as: the role statements run as; the login role itself where no other is set.
        memberships: every role it is, or can become, a member of.
        creatable_schemas: in which it may make tables.
        tables_owned, tables_writable: counted up to 1,000, and 0 for a superuser, who may do everything.
    """

    login: str
    runs_as: str
    is_superuser: bool
    bypasses_row_security: bool
    creates_roles: bool
    creates_databases: bool
    replicates: bool
    memberships: tuple[str, ...]
    owns_database: bool
    creates_schemas: bool
    makes_temporary_tables: bool
    creatable_schemas: tuple[str, ...]
    tables_owned: int
    tables_writable: int


async def role_power(session: Session) -> RolePower:
    """Ask a database what our role could do there."""
    row = dict(await _statements.role_power(session, most=COUNTED_AT_MOST))
    for listed in ("memberships", "creatable_schemas"):
        row[listed] = tuple(each for each in row[listed].split(",") if each)
    return RolePower.model_validate(row)


def too_much(power: RolePower, definition: Definition) -> list[str]:
    """Return what the role could do beyond what the definition is for, the worst first."""
    if power.is_superuser:
        return ["is a superuser"]
    return [*_over_the_server(power), *_memberships(power), *_over_tables(power, definition)]


def _over_the_server(power: RolePower) -> Iterator[str]:
    if power.bypasses_row_security:
        yield "sees rows that row security hides (BYPASSRLS)"
    if power.creates_roles:
        yield "makes and changes roles (CREATEROLE)"
    if power.replicates:
        yield "reads the write-ahead log (REPLICATION)"
    if power.creates_databases:
        yield "makes databases (CREATEDB)"


def _memberships(power: RolePower) -> Iterator[str]:
    for name in power.memberships:
        if name in DANGEROUS_ROLES:
            yield f"{DANGEROUS_ROLES[name]} (member of {name})"


def _over_tables(power: RolePower, definition: Definition) -> Iterator[str]:
    changes_schema = not definition.readonly and StatementKind.DDL in definition.writes
    if not changes_schema:
        if power.owns_database:
            yield "owns the database"
        if power.tables_owned:
            yield f"owns {_counted(power.tables_owned, 'table')}"
        if power.creates_schemas:
            yield "makes schemas"
        if power.creatable_schemas:
            yield f"makes tables in {', '.join(power.creatable_schemas[:FIRST_POWERS])}"
    if definition.readonly and power.tables_writable:
        yield f"writes {_counted(power.tables_writable, 'table')}"


def _counted(number: int, what: str) -> str:
    if number >= COUNTED_AT_MOST:
        return f"{COUNTED_AT_MOST} {what}s or more"
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class RolePowers:
    """What is known of the roles of many databases; asked again when it is minutes old."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Definition, float, RolePower]] = {}

    def known(self, database: Database) -> RolePower | None:
        """Return what was found out of late; None when nobody has asked this database."""
        definition, until, power = self._known.get(database.id, (None, 0.0, None))
        return power if definition == database.definition and time.monotonic() < until else None

    async def of(self, database: Database, session: Session) -> RolePower:
        """Return what our role could do there, by this session where it is not known."""
        power = self.known(database)
        if power is None:
            power = await role_power(session)
            self._known[database.id] = (database.definition, time.monotonic() + REMEMBERED_SECONDS, power)
        return power

    async def require(self, database: Database, session: Session) -> None:
        """Refuse a role that is too powerful, where the definition wants that; free where it does not.

        Raises:
            RoleTooPowerful: with what it could do, and the way to a role that could not.
        """
        if not database.definition.require_least_privilege:
            return
        powers = too_much(await self.of(database, session), database.definition)
        if powers:
            del self._known[database.id]  # who mends it need not wait
            raise _refusal(database, powers)


def _refusal(database: Database, powers: list[str]) -> RoleTooPowerful:
    shown = "; ".join(powers[:FIRST_POWERS])
    return RoleTooPowerful(
        f"the login role of {database.id!r} may do more than its task: it {shown}",
        hint=f"Log in with a role made by `moorage db grant-readonly {database.id}`, or have an operator set"
        " require_least_privilege: false.",
        powers=powers,
    )
