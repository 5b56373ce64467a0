"""Issues of beads: one JSON object a line, as in `.beads/issues.jsonl`.

Source: https://github.com/gastownhall/beads
"""

from __future__ import annotations

from collections.abc import Iterator

from moorage.core.errors import InvalidInput
from moorage.workflow.errors import InvalidImport
from moorage.workflow.exchange.importers.reading import lines_of, names_in, refuse, refuse_many, said, text_in
from moorage.workflow.exchange.models import JsonObject, Progress, Proposal, ProposedLink, Reading
from moorage.workflow.parsing import parse_json
from moorage.workflow.work.models import LinkKind

SOURCE = "beads"
_PROGRESS = {
    "open": Progress.OPEN,
    "in_progress": Progress.STARTED,
    "hooked": Progress.STARTED,
    "blocked": Progress.BLOCKED,
    "closed": Progress.DONE,
}
_TYPES = {"bug": "bug", "epic": "epic"}
_LINKS = {
    "parent-child": LinkKind.PARENT,
    "related": LinkKind.RELATES,
    "relates-to": LinkKind.RELATES,
    "discovered-from": LinkKind.RELATES,
    "duplicates": LinkKind.DUPLICATES,
}
_PRIORITIES = range(5)
_READ = {
    "id", "title", "description", "status", "priority", "issue_type", "assignee", "labels", "dependencies", "comments",
    "external_ref", "content_hash",
}  # fmt: skip


def read_beads(text: str, *, schema_name: str | None) -> Reading:
    """Return the issues; deleted ones, of which beads keeps a tombstone, are skipped.

    A status that only beads has counts as open, and is kept as a field. `discovered-from` becomes `relates`.

    Raises:
        InvalidImport: with every line that cannot be read.
    """
    reading, problems = Reading([], source=SOURCE), []
    numbered = [(number, line) for number, line in enumerate(lines_of(text), 1) if line.strip()]
    refuse_many(len(numbered))
    for number, line in numbered:
        try:
            _read(reading, f"line {number}", line, schema_name)
        except InvalidInput as error:
            problems.append(error.message)
    refuse(problems)
    return reading


def _read(reading: Reading, place: str, line: str, schema_name: str | None) -> None:
    issue = parse_json(line, what=place)
    if not isinstance(issue, dict):
        raise InvalidImport(f"{place} is no object", hint="Each line is the JSON object of one issue.")
    external_id = text_in(issue, "id", place)
    if issue.get("status") == "tombstone":
        reading.skipped.append(f"{place}: {external_id} is deleted")
        return
    reading.proposals.append(_proposal(place, external_id, issue, schema_name))
    for dependency in issue.get("dependencies") or []:
        link = _link(external_id, dependency)
        if link is None:
            reading.skipped.append(f"{place}: a dependency of kind {_kind(dependency)!r}")
        else:
            reading.links.append(link)


def _proposal(place: str, external_id: str, issue: JsonObject, schema_name: str | None) -> Proposal:
    priority, reference = issue.get("priority"), issue.get("external_ref")
    is_url = isinstance(reference, str) and reference.startswith(("https://", "http://"))
    return Proposal(
        place=place,
        external_id=external_id,
        schema_name=schema_name or _TYPES.get(str(issue.get("issue_type")), "task"),
        title=text_in(issue, "title", place),
        description=issue.get("description") or None,
        progress=_PROGRESS.get(issue.get("status", "open"), Progress.OPEN),
        urgency=priority if isinstance(priority, int) and priority in _PRIORITIES else None,
        labels=names_in(issue.get("labels")),
        people=names_in(issue.get("assignee") or None),
        more=dict(_more(issue, is_url=is_url)),
        comments=[
            said(names_in(each.get("author")), each.get("created_at"), each["text"])
            for each in issue.get("comments") or []
            if isinstance(each, dict) and isinstance(each.get("text"), str) and each["text"].strip()
        ],
        urls=[reference] if is_url else [],
    )


def _more(issue: JsonObject, *, is_url: bool) -> Iterator[tuple[str, object]]:
    yield from ((name, value) for name, value in issue.items() if name not in _READ and value not in (None, "", [], {}))
    if issue.get("issue_type") not in {None, "task", *_TYPES}:
        yield "issue_type", issue["issue_type"]
    if issue.get("status", "open") not in _PROGRESS:
        yield "beads_status", issue["status"]
    if issue.get("external_ref") and not is_url:
        yield "external_ref", issue["external_ref"]


def _kind(dependency: object) -> str:
    return str(dependency.get("type", "blocks")) if isinstance(dependency, dict) else "unknown"


def _link(external_id: str, dependency: object) -> ProposedLink | None:
    other = dependency.get("depends_on_id") if isinstance(dependency, dict) else None
    if not isinstance(other, str):
        return None
    if _kind(dependency) == "blocks":
        return ProposedLink(other, LinkKind.BLOCKS, external_id)
    kind = _LINKS.get(_kind(dependency))
    return ProposedLink(external_id, kind, other) if kind else None
