"""Fitting proposals to types: which property takes a title, a state, a label; and what a type has no room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moorage.workflow.documents import Document, problems_of
from moorage.workflow.exchange.cells import value_of
from moorage.workflow.exchange.models import Progress, Proposal
from moorage.workflow.types.models import EntityType
from moorage.workflow.types.problems import Problem
from moorage.workflow.types.validation import problems_in

# The names that types give to the same thing, the likeliest first.
DESCRIPTION_NAMES = ("description", "body", "summary", "details")
LABEL_NAMES = ("tags", "labels")
PEOPLE_NAMES = ("assignees", "owners")
PERSON_NAMES = ("assignee", "owner")
STATE_NAMES: Mapping[Progress, Sequence[str]] = {
    Progress.OPEN: ("pending", "open", "todo", "new", "planned", "backlog", "reported", "proposed", "active"),
    Progress.STARTED: ("in_progress", "started", "doing", "active", "working"),
    Progress.BLOCKED: ("blocked", "waiting", "on_hold"),
    Progress.DONE: ("completed", "done", "closed", "fixed", "resolved", "finished", "accepted", "passed"),
    Progress.DROPPED: ("cancelled", "dropped", "wont_fix", "rejected", "abandoned", "obsolete"),
}
# What is taken where a type has no state for it.
_NEXT_BEST = {
    Progress.STARTED: Progress.OPEN,
    Progress.BLOCKED: Progress.OPEN,
    Progress.DROPPED: Progress.DONE,
}


@dataclass(frozen=True)
class Fitted:
    """What a proposal is as data of a type.

    Attributes:
        left_out: fields for which the type has no room.
        problems: why the data is none of the type; empty when it is.
    """

    data: Document
    left_out: list[str]
    problems: list[str]


def fit(proposal: Proposal, entity_type: EntityType, *, max_bytes: int) -> Fitted:
    """Return the data of the entity that the proposal should become, defaults filled in."""
    fitter = _Fitter(entity_type)
    fitter.put_known(proposal)
    fitter.put_cells(proposal.cells)
    fitter.put_more(proposal.more)
    data = {**entity_type.defaults, **fitter.data}
    problems = [*fitter.problems, *problems_of(data, max_bytes=max_bytes)]
    if not problems:
        problems = list(fitter.what_is_wrong_with(data))
    return Fitted(data, fitter.left_out, problems)


class _Fitter:
    """Puts fields where a type has room for them."""

    def __init__(self, entity_type: EntityType) -> None:
        definition = entity_type.row.schema_definition
        self._type = entity_type
        self._properties: Mapping[str, Any] = definition.get("properties", {})
        self._takes_more = definition.get("additionalProperties") is not False
        self._spare: set[str] = set()
        self.data: Document = {}
        self.left_out: list[str] = []
        self.problems: list[str] = []

    def put_known(self, proposal: Proposal) -> None:
        """Put what proposals of all formats have, under the names that the type has for it."""
        description = proposal.description
        if proposal.title is not None:
            title_field = self._type.title_field or "title"
            title = _shortened(proposal.title, self._schema(title_field))
            self._put(title_field, title)
            if title != proposal.title:
                description = "\n\n".join(part for part in (proposal.title, description) if part)
        if description:
            self._put(self._name_of(DESCRIPTION_NAMES), description)
        if proposal.labels:
            self._put_spare(self._name_of(LABEL_NAMES), list(dict.fromkeys(proposal.labels)))
        if proposal.people:
            self._put_people(proposal.people)
        if proposal.progress is not None:
            self._put_progress(proposal.progress)
        if proposal.urgency is not None:
            self._put_urgency(proposal.urgency)

    def put_cells(self, cells: Mapping[str, str]) -> None:
        """Put cells of a table as the values that the schema asks for."""
        by_name = {_plain(name): name for name in self._properties}
        for column, cell in cells.items():
            name = column if column in self._properties else by_name.get(_plain(column), column)
            try:
                self._put(name, value_of(cell, self._schema(name)))
            except ValueError as error:
                self.problems.append(f"{column}: {cell[:60]!r} {error}")

    def put_more(self, fields: Mapping[str, Any]) -> None:
        """Put other fields under their own names; one that does not satisfy the type is left out."""
        for name, value in fields.items():
            if name in self.data:
                self.left_out.append(name)
            else:
                self._put_spare(name, value)

    def what_is_wrong_with(self, data: Document) -> Iterator[str]:
        """Yield why the data does not satisfy the type, after leaving out the fields that it can do without."""
        problems = problems_in(self._type, data)
        spare = {_field_of(each) for each in problems} & self._spare
        if spare:
            for name in sorted(spare):
                del data[name]
                self.left_out.append(name)
            problems = problems_in(self._type, data)
        yield from (f"{each.pointer or '/'}: {each.message}" for each in problems)

    def _put(self, name: str, value: Any) -> None:
        if name in self._properties or self._takes_more:
            self.data[name] = value
        else:
            self.left_out.append(name)

    def _put_spare(self, name: str, value: Any) -> None:
        self._spare.add(name)
        self._put(name, value)

    def _put_people(self, people: Sequence[str]) -> None:
        several = next((name for name in PEOPLE_NAMES if name in self._properties), None)
        one = next((name for name in PERSON_NAMES if name in self._properties), None)
        if several or one is None:
            self._put_spare(several or PEOPLE_NAMES[0], list(people))
            return
        self._put_spare(one, people[0])
        self.left_out.extend([f"{one} (further ones)"] if people[1:] else [])

    def _put_progress(self, progress: Progress) -> None:
        rules = self._type.rules.state
        field = rules.field if rules else "status"
        if field not in self._properties:
            self._put_spare(field, progress.value)
            return
        states = _enum(self._schema(field))
        final = list(rules.final) if rules else []
        state = _state(progress, states, final)
        if state is not None:
            self._put(field, state)

    def _put_urgency(self, urgency: int) -> None:
        rules = self._type.rules.priority
        if rules is None:
            self._put_spare("priority", urgency)
        else:
            self._put_spare(rules.field, rules.order[min(urgency, len(rules.order) - 1)])

    def _name_of(self, names: Sequence[str]) -> str:
        return next((name for name in names if name in self._properties), names[0])

    def _schema(self, name: str) -> Mapping[str, Any]:
        schema = self._properties.get(name)
        return schema if isinstance(schema, dict) else {}


def _state(progress: Progress, states: Sequence[str], final: Sequence[str]) -> str | None:
    """Return the type's state for an item that is so far; None leaves it to the type's default."""
    if not states:
        return STATE_NAMES[progress][0]
    found = next((name for name in STATE_NAMES[progress] if name in states), None)
    if found is not None:
        return found
    if progress in _NEXT_BEST:
        return _state(_NEXT_BEST[progress], states, final)
    return final[0] if progress is Progress.DONE and final else None


def _enum(schema: Mapping[str, Any]) -> list[str]:
    return [each for each in schema.get("enum", []) if isinstance(each, str)]


def _shortened(title: str, schema: Mapping[str, Any]) -> str:
    """Return a title in one line, as long as the schema allows."""
    line = " ".join(title.split())
    longest = schema.get("maxLength")
    return f"{line[: longest - 1]}…" if isinstance(longest, int) and 0 < longest < len(line) else line


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _field_of(problem: Problem) -> str:
    first = problem.pointer.split("/")[1] if problem.pointer else ""
    return first.replace("~1", "/").replace("~0", "~")
