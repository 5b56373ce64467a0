"""What an import will do: which proposals are new, what they become, and everything that is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from uuid import UUID, uuid4

from moorage.workflow.entities.models import NewEntity
from moorage.workflow.exchange.fitting import fit
from moorage.workflow.exchange.importers.reading import refuse
from moorage.workflow.exchange.models import KnownEntity, LeftOut, Proposal, ProposedLink, Reading
from moorage.workflow.types.models import EntityType
from moorage.workflow.work.commenting import MAX_CHARACTERS as MAX_COMMENT_CHARACTERS
from moorage.workflow.work.models import CodeReference, Link, LinkKind, NewComment, NewReference

SHOWN_PLACES = 3
# What fits into an index of PostgreSQL, whose entries have 2,704 bytes at most.
MAX_URL_CHARACTERS = 2_000
MAX_ID_CHARACTERS = 500


@dataclass(frozen=True)
class Plan:
    """What an import writes.

    Attributes:
        proposals: those that are new, in the order of `entities`.
        existing: how many are in already.
        links: with ids that the entities are going to have.
    """

    proposals: list[Proposal]
    entities: list[NewEntity]
    existing: int
    links: list[Link]
    references: list[NewReference]
    comments: list[NewComment]
    left_out: list[LeftOut]
    skipped: list[str]


def plan_import(
    reading: Reading, types: Mapping[str, EntityType], known: Mapping[str, KnownEntity], *, max_bytes: int
) -> Plan:
    """Work out an import.

    Args:
        types: by name, every type that a proposal names.
        known: entities that were imported before, by external id.

    Raises:
        InvalidImport: with every problem, by place.
    """
    _refuse_repeated(reading.proposals)
    new = [each for each in reading.proposals if each.external_id not in known]
    planner = _Planner(types, max_bytes)
    entities = [planner.entity(each) for each in new]
    ids = {each.external_id: entity.id for each, entity in zip(new, entities, strict=True)}
    links, skipped = _links(reading.links, ids, known)
    refuse([*planner.problems, *_cycles(reading.links), *_second_parents(reading.links)])
    return Plan(
        proposals=new,
        entities=entities,
        existing=len(reading.proposals) - len(new),
        links=links,
        references=[
            NewReference(ids[each.external_id], CodeReference(kind="url", target=url, note="imported from here"))
            for each in new
            for url in each.urls
            if len(url) <= MAX_URL_CHARACTERS
        ],
        comments=[
            NewComment(ids[each.external_id], part) for each in new for body in each.comments for part in _parts(body)
        ],
        left_out=planner.left_out(),
        skipped=[*reading.skipped, *skipped],
    )


class _Planner:
    """Fits proposals to their types, and collects what does not fit."""

    def __init__(self, types: Mapping[str, EntityType], max_bytes: int) -> None:
        self._types = types
        self._max_bytes = max_bytes
        self._left_out: dict[str, list[str]] = defaultdict(list)
        self.problems: list[str] = []

    def entity(self, proposal: Proposal) -> NewEntity:
        """Return what an insert writes; where something is wrong, that is among `problems`.

        Unlike work that is made here, imported work may be in any state: much of it is over.
        """
        entity_type = self._types[proposal.schema_name]
        fitted = fit(proposal, entity_type, max_bytes=self._max_bytes)
        self.problems.extend(f"{proposal.place}: {each}" for each in fitted.problems)
        if len(proposal.external_id) > MAX_ID_CHARACTERS:
            length = f"{len(proposal.external_id):,} characters, {MAX_ID_CHARACTERS} at most"
            self.problems.append(f"{proposal.place}: its id has {length}")
        for name in (*fitted.left_out, *("url" for url in proposal.urls if len(url) > MAX_URL_CHARACTERS)):
            self._left_out[name].append(proposal.place)
        return NewEntity(uuid4(), entity_type, fitted.data, entity_type.traits_of(fitted.data))

    def left_out(self) -> list[LeftOut]:
        return [
            LeftOut(field=name, count=len(places), places=places[:SHOWN_PLACES])
            for name, places in sorted(self._left_out.items())
        ]


def _refuse_repeated(proposals: Sequence[Proposal]) -> None:
    first: dict[str, str] = {}
    problems = []
    for each in proposals:
        if each.external_id in first:
            problems.append(f"{each.place}: {each.external_id!r} stands already at {first[each.external_id]}")
        first.setdefault(each.external_id, each.place)
    refuse(problems)


def _links(
    proposed: Sequence[ProposedLink], new: Mapping[str, UUID], known: Mapping[str, KnownEntity]
) -> tuple[list[Link], list[str]]:
    """Return the links of new entities, and what cannot be linked; those between known ones are as people left them."""
    ids = {**{name: each.id for name, each in known.items() if not each.is_deleted}, **new}
    links, skipped = [], []
    for each in dict.fromkeys(proposed):
        missing = [end for end in (each.source, each.target) if end not in ids]
        if missing:
            why = f"{missing[0]} is deleted here" if missing[0] in known else f"there is no {missing[0]}"
            skipped.append(f"the link {each.source} {each.kind.value} {each.target}: {why}")
        elif each.source in new or each.target in new:
            links.append(Link(ids[each.source], each.kind, ids[each.target]))
    return links, skipped


def _cycles(links: Sequence[ProposedLink]) -> list[str]:
    problems = []
    for kind in (LinkKind.PARENT, LinkKind.BLOCKS):
        graph: dict[str, set[str]] = defaultdict(set)
        for each in links:
            if each.kind is kind:
                graph[each.target].add(each.source)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            problems.append(f"links of kind {kind.value!r} form a circle: {' - '.join(error.args[1])}")
    return problems


def _second_parents(links: Sequence[ProposedLink]) -> list[str]:
    parents: dict[str, set[str]] = defaultdict(set)
    for each in links:
        if each.kind is LinkKind.PARENT:
            parents[each.source].add(each.target)
    return [
        f"{child} has more than one parent: {', '.join(sorted(all_))}"
        for child, all_ in parents.items()
        if len(all_) > 1
    ]


def _parts(body: str) -> list[str]:
    """Return a comment in as many as it needs: what others allow is longer than a comment here."""
    return [body[start : start + MAX_COMMENT_CHARACTERS] for start in range(0, len(body), MAX_COMMENT_CHARACTERS)]
