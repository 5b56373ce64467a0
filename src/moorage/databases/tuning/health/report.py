"""The health of databases in few words: the worst database first, of each the worst finding first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from moorage.core.shape import Finding, Severity
from moorage.databases.spreading import Asked
from moorage.databases.tuning.amounts import duration, size
from moorage.databases.tuning.health.examining import Examination
from moorage.databases.tuning.health.findings import weight

FINDINGS_OF_ONE, FINDINGS_OF_MANY = 25, 4
DATABASES_TOLD = 25
NAMES_TOLD = 50
MOST_CHARACTERS_A_LINE = 400
WELL = 3


def report(asked: Sequence[Asked[Examination]]) -> str:
    """Return what was found, as text for a model."""
    ranked = sorted(asked, key=_rank)
    told = [each for each in ranked if len(asked) == 1 or _rank(each)[0] < weight(Severity.INFO)][:DATABASES_TOLD]
    most = FINDINGS_OF_ONE if len(asked) == 1 else FINDINGS_OF_MANY
    lines = [] if len(asked) == 1 else [_head(ranked)]
    for each in told:
        lines += _about(each, most)
    lines += _others([each for each in ranked if each not in told])
    return "\n".join(lines)


def _rank(asked: Asked[Examination]) -> tuple[int, int, str]:
    """Return what sorts the worst first: those that do not answer, then by worst finding and how many there are."""
    if asked.result is None:
        return -1, 0, asked.database.id
    findings = asked.result.findings
    return (weight(findings[0].severity) if findings else WELL), -len(findings), asked.database.id


def _head(ranked: Sequence[Asked[Examination]]) -> str:
    counted = Counter(_word(each) for each in ranked)  # in the order of the ranks
    return f"{len(ranked)} databases: " + ", ".join(f"{count} {word}" for word, count in counted.items())


def _word(asked: Asked[Examination]) -> str:
    rank = _rank(asked)[0]
    words = {-1: "not answering", weight(Severity.ERROR): "with errors", weight(Severity.WARNING): "with warnings"}
    return words.get(rank, "well")


def _about(asked: Asked[Examination], most: int) -> Iterator[str]:
    if asked.result is None:
        yield f"{asked.database.id}: does not answer"
        if asked.error is not None:
            yield f"  ERROR {asked.error.message} -> {asked.error.hint}"
        return
    yield _figures(asked.result)
    findings = asked.result.findings
    yield from map(_line, findings[:most])
    if len(findings) > most:
        yield f"  ... {len(findings) - most} further findings; ask for this database alone"
    if asked.result.unchecked:
        yield f"  not checked: {', '.join(asked.result.unchecked)}"
    if not findings:
        yield "  nothing found"


def _figures(examined: Examination) -> str:
    state = examined.state
    hits = "" if state.cache_hits is None else f", cache hits {state.cache_hits:.1%}"
    return (
        f"{examined.database}: PostgreSQL {state.version}{' (standby)' if state.is_standby else ''}, answers in"
        f" {examined.latency_milliseconds:,.1f} ms, up {duration(state.up_seconds)}, {size(state.size_bytes)},"
        f" {state.connections} of {state.connections_limit} connections{hits}"
    )


def _line(finding: Finding) -> str:
    told = (
        f"  {finding.severity.value.upper()} {finding.code}: {finding.subject}: {finding.message} -> {finding.remedy}"
    )
    return told if len(told) <= MOST_CHARACTERS_A_LINE else f"{told[:MOST_CHARACTERS_A_LINE]}..."


def _others(asked: Sequence[Asked[Examination]]) -> Iterator[str]:
    by_word: dict[str, list[str]] = {}
    for each in asked:
        by_word.setdefault(_word(each), []).append(each.database.id)
    for word, names in by_word.items():
        more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
        yield f"{word}: {', '.join(sorted(names)[:NAMES_TOLD])}{more}"
