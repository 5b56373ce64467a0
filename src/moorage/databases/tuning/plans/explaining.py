"""Explaining statements of callers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moorage.databases.audit.recorder import Recorder
from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.connectors.session import Session, Terms
from moorage.databases.definitions import Database, StatementKind
from moorage.databases.errors import AnswerTooLarge, InvalidStatement, WriteNotAllowed
from moorage.databases.policy.guard import Guard, Verdict
from moorage.databases.tuning.plans.hiding import HIDDEN, reaches_hidden, without_names
from moorage.databases.tuning.plans.nodes import Plan, read_plan
from moorage.databases.tuning.plans.planning import (
    may_have_parameters,
    plan_for_any_values,
    plan_for_values,
    plan_of_run,
)
from moorage.databases.tuning.plans.relations import relations_of
from moorage.databases.tuning.plans.summary import summary
from moorage.databases.tuning.plans.warnings import Grounds, warnings_of

_ASKS_ITSELF = re.compile(r"\s*EXPLAIN\b", re.IGNORECASE)
_ANY_VALUES = "planned for any values of $1, $2, ...; give parameters to plan for those"
# What the terms of our transactions set: not the server's choice.
_OURS = ("work_mem", "search_path", "temp_file_limit", "plan_cache_mode")


@dataclass(frozen=True)
class Explanation:
    """How a statement would run, or ran.

    Attributes:
        text: what PostgreSQL said, as JSON.
        warnings: what is worth a look, in words.
        notices: what to know of the plan itself.
    """

    database: str
    text: str
    plan: Plan
    warnings: tuple[str, ...]
    notices: tuple[str, ...]

    def as_text(self) -> str:
        return summary(self.plan, self.warnings, self.notices)

    def as_json(self) -> str:
        """Return PostgreSQL's own JSON beside the warnings, in one compact document."""
        told = {"plan": json.loads(self.text)[0], "warnings": self.warnings, "notices": self.notices}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


class Explainer:
    """Plans statements; runs none but those that read, and only when told to."""

    def __init__(self, connections: Connections, guard: Guard, recorder: Recorder) -> None:
        self._connections = connections
        self._guard = guard
        self._recorder = recorder

    async def explain(
        self, database: Database, sql: str, parameters: Sequence[Any] | None = None, *, analyze: bool = False
    ) -> Explanation:
        """Return how a statement would run, or, with `analyze`, how it ran; a write is never run.

        Args:
            parameters: values of $1, $2, ...; None plans for any values.

        Raises:
            WriteNotAllowed: it is to be run, and it writes.
            AnswerTooLarge: the plan is larger than an answer of this database may be.
        """
        async with self._recorder.recorded(database.id, sql) as record:
            _refuse_explain(sql)
            connector, terms = await self._connections.to(database), terms_of(database)
            async with connector.session(terms) as session:
                verdict = await self._guard.judge(sql, database, session, purpose="run" if analyze else "plan")
                if analyze:
                    record.judged(verdict)
                    _refuse_to_run(verdict)
                text, notices = await _told(session, sql, parameters, analyze=analyze)
                _refuse_large(text, database)
                return await _explanation(session, database, text, notices, verdict.tables, terms)


def _refuse_explain(sql: str) -> None:
    if _ASKS_ITSELF.match(sql):
        raise InvalidStatement(
            "the statement begins with EXPLAIN", hint="Give the statement itself; analyze=true runs it if it reads."
        )


def _refuse_to_run(verdict: Verdict) -> None:
    if verdict.kind is not StatementKind.READ:
        raise WriteNotAllowed("a statement that writes is planned and never run", hint="Leave analyze out.")


async def _told(
    session: Session, sql: str, parameters: Sequence[Any] | None, *, analyze: bool
) -> tuple[str, tuple[str, ...]]:
    if analyze:
        return await plan_of_run(session, sql, parameters or ()), ()
    if parameters is None and may_have_parameters(sql):
        return await plan_for_any_values(session, sql), (_ANY_VALUES,)
    return await plan_for_values(session, sql, parameters or ()), ()


def _refuse_large(text: str, database: Database) -> None:
    most = int(database.limits.max_bytes)
    if len(text) > most:
        raise AnswerTooLarge(
            f"the plan has {len(text):,} characters, more than the {most:,} of an answer here",
            hint="Plan a part of the statement, or name the partitions it needs.",
        )


async def _explanation(
    session: Session, database: Database, text: str, notices: tuple[str, ...], named: Sequence[str], terms: Terms
) -> Explanation:
    plan = _without_ours(read_plan(text))
    relations = await relations_of(plan, session, named)
    if reaches_hidden(plan, relations, database.definition):
        text, notices = without_names(text), (*notices, HIDDEN)
        plan = _without_ours(read_plan(text))
    warnings = warnings_of(plan, Grounds(relations, terms.work_memory_bytes))
    return Explanation(database.id, text, plan, tuple(warnings), notices)


def _without_ours(plan: Plan) -> Plan:
    settings = {name: value for name, value in plan.settings.items() if name not in _OURS}
    return Plan(plan.nodes, settings, plan.planning_milliseconds, plan.execution_milliseconds)
