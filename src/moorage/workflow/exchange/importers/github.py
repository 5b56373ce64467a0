"""Issues of GitHub as JSON: what `gh issue list --json ...` prints, or what the REST interface answers.

Sources: https://cli.github.com/manual/gh_issue_list, https://docs.github.com/en/rest/issues/issues
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moorage.workflow.exchange.importers.reading import items_of, names_in, said, text_in
from moorage.workflow.exchange.models import JsonObject, Progress, Proposal, ProposedLink, Reading
from moorage.workflow.parsing import parse_json
from moorage.workflow.work.models import LinkKind

_REPOSITORY = re.compile(r"https?://[^/]+/(?:repos/)?([^/]+/[^/]+)/issues/\d+")
_URGENCY = re.compile(r"(?:priority[:/ -]*)?(?:p([0-4])|(critical|urgent|high|medium|low))", re.IGNORECASE)
_URGENCY_WORDS = {"critical": 0, "urgent": 0, "high": 1, "medium": 2, "low": 3}
_DROPPED_REASONS = {"not_planned", "duplicate"}
# What GitHub repeats in every answer of its REST interface, and what says nothing outside of it.
_NOISE = re.compile(r".*_url|node_id|id|closed|score")
_READ = {
    "number", "title", "body", "state", "stateReason", "state_reason", "labels", "assignees", "assignee", "comments",
    "html_url", "url", "parent", "subIssues", "blockedBy", "blocking", "pull_request",
}  # fmt: skip


def read_github(text: str, *, schema_name: str | None) -> Reading:
    """Return the issues; pull requests, which GitHub lists among them, are skipped.

    Raises:
        InvalidInput: it is no JSON. InvalidImport: an issue has no number or no title.
    """
    issues = items_of(parse_json(text, what="the file"), "issues", inside="items")
    reading = Reading([], source=_source(issues[0][1]) if issues else None)
    for place, issue in issues:
        number = issue.get("number")
        if "pull_request" in issue:
            reading.skipped.append(f"{place}: #{number} is a pull request")
            continue
        reading.proposals.append(_proposal(place, issue, schema_name))
        reading.links.extend(_links(str(number), issue))
    return reading


def _source(issue: JsonObject) -> str | None:
    found = _REPOSITORY.match(_url(issue) or "")
    return f"github:{found[1]}" if found else None


def _url(issue: JsonObject) -> str | None:
    return issue.get("html_url") or issue.get("url")


def _proposal(place: str, issue: JsonObject, schema_name: str | None) -> Proposal:
    labels = names_in(issue.get("labels"))
    url = _url(issue)
    return Proposal(
        place=place,
        external_id=str(_number(place, issue)),
        schema_name=schema_name or _schema_name(issue, labels),
        title=text_in(issue, "title", place),
        description=issue.get("body") or None,
        progress=_progress(issue),
        urgency=_urgency(labels),
        labels=labels,
        people=names_in(issue.get("assignees") or issue.get("assignee")),
        more=dict(_more(issue)),
        comments=_comments(issue),
        urls=[url] if isinstance(url, str) else [],
    )


def _number(place: str, issue: JsonObject) -> int:
    number = issue.get("number")
    if isinstance(number, int):
        return number
    return int(text_in(issue, "number", place, pattern=r"\d{1,18}"))


def _schema_name(issue: JsonObject, labels: list[str]) -> str:
    kind = issue.get("issueType") or issue.get("type")
    words = {each.lower() for each in (*labels, *names_in(kind))}
    return next((name for name in ("epic", "bug") if name in words), "task")


def _progress(issue: JsonObject) -> Progress:
    if str(issue.get("state", "open")).lower() != "closed":
        return Progress.OPEN
    reason = str(issue.get("stateReason") or issue.get("state_reason") or "").lower()
    return Progress.DROPPED if reason in _DROPPED_REASONS else Progress.DONE


def _urgency(labels: list[str]) -> int | None:
    for label in labels:
        found = _URGENCY.fullmatch(label.strip())
        if found:
            return int(found[1]) if found[1] else _URGENCY_WORDS[found[2].lower()]
    return None


def _more(issue: JsonObject) -> Iterator[tuple[str, Any]]:
    for name, value in issue.items():
        if name in _READ or value in (None, False, "", [], {}) or _NOISE.fullmatch(name):
            continue
        named = names_in(value) if isinstance(value, dict) else []
        yield name, named[0] if named else value


def _comments(issue: JsonObject) -> list[str]:
    comments = issue.get("comments")
    if not isinstance(comments, list):  # the REST interface gives their number
        return []
    return [
        said(names_in(each.get("author") or each.get("user")), each.get("createdAt") or each.get("created_at"), body)
        for each in comments
        if isinstance(each, dict) and isinstance(body := each.get("body"), str) and body.strip()
    ]


def _links(number: str, issue: JsonObject) -> Iterator[ProposedLink]:
    for other in _numbers(issue.get("parent")):
        yield ProposedLink(number, LinkKind.PARENT, other)
    for other in _numbers(issue.get("subIssues")):
        yield ProposedLink(other, LinkKind.PARENT, number)
    for other in _numbers(issue.get("blockedBy")):
        yield ProposedLink(other, LinkKind.BLOCKS, number)
    for other in _numbers(issue.get("blocking")):
        yield ProposedLink(number, LinkKind.BLOCKS, other)


def _numbers(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("nodes", [value])
    return [
        str(each["number"]) for each in value or [] if isinstance(each, dict) and isinstance(each.get("number"), int)
    ]
