"""Judging a statement before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pgparse  # ty: ignore[import-not-found]  (compiled, without stubs)

from moorage.databases.connectors.session import Session
from moorage.databases.definitions import DATA_KINDS, Database, StatementKind
from moorage.databases.errors import InvalidStatement, StatementRefused
from moorage.databases.settings import SqlSettings

Purpose = Literal["run", "plan"]


@dataclass(frozen=True)
class Verdict:
    """What a statement is, once it may run.

    Attributes:
        kind: the most powerful thing it does.
        tables: what it names, as written: "schema.table" or "table".
        fingerprint: the same for statements that differ in values alone.
    """

    kind: StatementKind
    tables: tuple[str, ...] = ()
    fingerprint: str = ""


class Guard:
    """Judges statements; keeps for each database what its catalogue says of functions, operators, casts and views."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings

    async def judge(
        self, sql: str, database: Database, session: Session, *, purpose: Purpose = "run"
    ) -> Verdict:  # noqa: ARG002
        """Return what the statement is.

        Args:
            purpose: "plan" for what is only planned: writes of data may be, also where nothing may be written.
            session: of this database, to read its catalogue where that is not known yet, or has changed.

        Raises:
            InvalidStatement: it is no SQL, or not exactly one statement.
            StatementTooLarge: it is longer or deeper than is read.
            StatementRefused: it does what no policy allows.
            WriteNotAllowed: it writes, and the policy of this database does not allow this kind.
        """
        try:
            trees = pgparse.parse(sql)
        except pgparse.PGQueryError as error:
            raise InvalidStatement(error.message) from None
        if len(trees) != 1:
            raise InvalidStatement(f"one statement is taken, these are {len(trees)}")
        kinds = {"SelectStmt": StatementKind.READ}
        if purpose == "plan":
            kinds |= {f"{kind.value.title()}Stmt": kind for kind in DATA_KINDS}
        (node,) = trees[0]["stmt"]
        if node not in kinds:
            raise StatementRefused("only SELECT is taken")
        return Verdict(kinds[node])
