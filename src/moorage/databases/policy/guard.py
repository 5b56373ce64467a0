"""Judging a statement before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from moorage.databases.connectors.session import Session
from moorage.databases.definitions import Database, StatementKind
from moorage.databases.policy import parsing
from moorage.databases.policy.gate import Gate
from moorage.databases.policy.mentions import Mentions
from moorage.databases.policy.statements import check_allowed, kind_of, only_one
from moorage.databases.policy.texts import check_text
from moorage.databases.policy.trees import collect
from moorage.databases.roles.power import RolePowers
from moorage.databases.settings import SqlSettings

Purpose = Literal["run", "plan"]

REMEMBERED_TEXTS = 256


@dataclass(frozen=True)
class Verdict:
    """What a statement is, once it may run.

    Attributes:
        kind: the most powerful thing it does.
        tables: what it names, as written: "schema.table" or "table".
    """

    kind: StatementKind
    tables: tuple[str, ...] = ()


class Guard:
    """Judges statements: by the text, by PostgreSQL's grammar, by kind, and by what the catalogue says."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._gate = Gate()
        self.powers = RolePowers()

    async def judge(self, sql: str, database: Database, session: Session, *, purpose: Purpose = "run") -> Verdict:
        """Return what the statement is.

        Args:
            purpose: "plan" for what is only planned: writes of data may be, also where nothing may be written.
            session: of this database, to read its catalogue where that is not known yet, or may have changed.

        Raises:
            InvalidStatement: it is no SQL, or not exactly one statement.
            StatementTooLarge: it is longer or deeper than is read.
            StatementRefused: it does what no policy allows.
            WriteNotAllowed: it writes, and the policy of this database does not allow this kind.
            RoleTooPowerful: the definition wants a role that can do no more than its task, and ours can.
        """
        check_text(sql, max_bytes=int(self._settings.max_sql_bytes))
        kind, mentions = _read_short(sql) if len(sql) <= parsing.SHORT_CHARACTERS else _read(sql)
        check_allowed(mentions, database.definition, planned_only=purpose == "plan")
        await self.powers.require(database, session)
        await self._gate.check(mentions, kind, database, session)
        return Verdict(kind, tuple(sorted(map(str, mentions.relations))))


def _read(sql: str) -> tuple[StatementKind, Mentions]:
    tree = only_one(parsing.parse(sql))
    mentions = collect(tree)
    return kind_of(tree, mentions), mentions


_read_short = lru_cache(REMEMBERED_TEXTS)(_read)
