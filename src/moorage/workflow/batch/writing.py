"""Writing what a batch has planned, in as few statements as its order allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from moorage.core.errors import MoorageError
from moorage.core.postgres.queries import Executor
from moorage.workflow.batch.models import Problem
from moorage.workflow.batch.planning import NewLink, OldLink, Step, problem_of
from moorage.workflow.entities.deleting import refuse_parents_in
from moorage.workflow.entities.models import ChangedEntity, Entity, NewEntity, Operation
from moorage.workflow.entities.writing import insert, update_in
from moorage.workflow.errors import BatchRefused
from moorage.workflow.work.linking import comments_add_in, links_add_in, links_remove_in
from moorage.workflow.work.models import Link, NewComment

Kind = TypeVar("Kind")


@dataclass
class Run:
    """Steps of one kind that are written together.

    Attributes:
        changed: ids of the entities that it changes.
        restores: it brings something back.
    """

    kind: type
    steps: list[Step] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    restores: bool = False

    def has_room_for(self, change: ChangedEntity) -> bool:
        """Whether a change comes to the same with these as after them; a deletion is held to what is there before."""
        is_deletion = change.operation is Operation.DELETE
        return (
            self.kind is ChangedEntity and change.before.id not in self.changed and not (is_deletion and self.restores)
        )

    def add(self, step: Step, change: ChangedEntity) -> None:
        self.steps.append(step)
        self.changed.add(change.before.id)
        self.restores |= change.operation is Operation.RESTORE


@dataclass
class Writer:
    """Writes runs, one after another.

    Attributes:
        entities: every entity written, by id, as it is now.
        unchanged: places of operations that found things so already.
    """

    transaction: Executor
    actor: str
    entities: dict[UUID, Entity] = field(default_factory=dict)
    unchanged: list[int] = field(default_factory=list)

    async def write(self, steps: Sequence[Step]) -> None:
        """Write all steps.

        Raises:
            BatchRefused: what only the tables can tell: children, cycles, values that must be unique.
            TypeChanged, TryAgain: (of core.postgres) others got in the way.
        """
        self.unchanged += [each.place for each in steps if each.effect is None]
        for run in runs_of(steps):
            try:
                await self._write(run)
            except MoorageError as error:
                if error.retryable:  # it says nothing about the operations
                    raise
                raise refusal_of([problem_of(error, _places(run))]) from error

    async def _write(self, run: Run) -> None:
        effects = [each.effect for each in run.steps]
        match effects[0]:
            case NewEntity():
                self._keep(await insert(self.transaction, _all(NewEntity, effects), actor=self.actor))
            case ChangedEntity():
                await self._change(_all(ChangedEntity, effects))
            case NewComment():
                await comments_add_in(self.transaction, _all(NewComment, effects), actor=self.actor)
            case NewLink():
                links = [each.link for each in _all(NewLink, effects)]
                self._note(run, links, await links_add_in(self.transaction, links, actor=self.actor))
            case OldLink():
                links = [each.link for each in _all(OldLink, effects)]
                self._note(run, links, await links_remove_in(self.transaction, links, actor=self.actor))

    async def _change(self, changes: Sequence[ChangedEntity]) -> None:
        deleted = [each.before.id for each in changes if each.operation is Operation.DELETE]
        if deleted:
            await refuse_parents_in(self.transaction, deleted)
        self._keep(await update_in(self.transaction, changes, actor=self.actor))

    def _keep(self, entities: Iterable[Entity]) -> None:
        self.entities.update((each.id, each) for each in entities)

    def _note(self, run: Run, links: Sequence[Link], done: Iterable[Link]) -> None:
        written = {_undirected(each) for each in done}
        for step, each in zip(run.steps, links, strict=True):
            if _undirected(each) in written:
                written.remove(_undirected(each))  # the same once more finds it done
            else:
                self.unchanged.append(step.place)


def runs_of(steps: Sequence[Step]) -> list[Run]:
    """Return steps in runs of one kind.

    Creates and comments are written earlier than they stand where that makes no difference: between two changes of
    entities, creates first and comments with each other. A run of changes has no entity twice, and no deletion after
    something was restored.
    """
    runs: list[Run] = []
    segment: list[Run] = []
    for step in steps:
        if step.effect is None:
            continue
        if isinstance(step.effect, ChangedEntity):
            runs, segment = runs + segment, []
            if not runs or not runs[-1].has_room_for(step.effect):
                runs.append(Run(ChangedEntity))
            runs[-1].add(step, step.effect)
        else:
            _run_in(segment, type(step.effect)).steps.append(step)
    return runs + segment


def refusal_of(problems: Sequence[Problem]) -> BatchRefused:
    """Return the refusal of a batch for these reasons."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return BatchRefused(
        f"{first.operation}: {first.message}{more}; nothing of the batch was written",
        hint=first.hint,
        problems=[each.model_dump() for each in problems],
    )


def _run_in(segment: list[Run], kind: type) -> Run:
    """Return the run of the segment that a step of this kind belongs to: only links keep their order."""
    links = (NewLink, OldLink)
    candidates = [each for each in segment if each.kind is kind or (kind in links and each.kind in links)]
    if candidates and candidates[-1].kind is kind:
        return candidates[-1]
    run = Run(kind)
    segment.insert(0 if kind is NewEntity else len(segment), run)
    return run


def _all(kind: type[Kind], effects: Iterable[object]) -> list[Kind]:
    return [each for each in effects if isinstance(each, kind)]


def _undirected(link: Link) -> frozenset[object]:
    """Return the same for both directions, because a link that has none may be stored the other way round."""
    return frozenset((link.source_id, link.target_id, link.kind))


def _places(run: Run) -> str:
    first, last = run.steps[0].place, run.steps[-1].place
    return str(first) if first == last else f"{first}-{last}"
