"""The corpus: statements that must do no harm, and reads that must be let through, as they stand in `tests/corpus`.

A file maps classes to cases by name; a case is its SQL, or a mapping with `sql` and what else is to be known of it.
`<<N x TEXT>>` in a statement stands for N times TEXT.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).parents[1] / "corpus"
ROLES = ("superuser", "owner")
_REPEATED = re.compile(r"<<(\d+) x (.*?)>>", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One statement and what must hold of it.

    Attributes:
        is_refused: of an attack: refused before PostgreSQL runs it; else it may run, and must have no effect.
        rows: of a read: exactly these; None where there only has to be one.
        roles: who tries it.
    """

    kind: str
    name: str
    sql: str
    parameters: tuple[Any, ...] = ()
    is_refused: bool = True
    rows: list[list[Any]] | None = None
    roles: tuple[str, ...] = ROLES

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def attacks(*files: str) -> list[Case]:
    """Return the attacks of these files, or of all that need no extension."""
    return list(_cases("attacks", files))


def reads(*files: str) -> list[Case]:
    """Return the reads of these files, or of all that need no extension."""
    return list(_cases("reads", files))


def names_that_try_to_be_sql() -> list[str]:
    return yaml.safe_load((CORPUS / "names.yaml").read_text(encoding="utf-8"))


def script(name: str) -> str:
    return (CORPUS / name).read_text(encoding="utf-8")


def _cases(folder: str, files: tuple[str, ...]) -> Iterator[Case]:
    paths = [CORPUS / folder / f"{name}.yaml" for name in files] or sorted((CORPUS / folder).glob("[!_]*.yaml"))
    for path in paths:
        for kind, cases in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for name, described in cases.items():
                yield _case(kind, name, described)


def _case(kind: str, name: str, described: str | dict[str, Any]) -> Case:
    facts = {"sql": described} if isinstance(described, str) else dict(described)
    facts["sql"] = _REPEATED.sub(lambda match: int(match[1]) * match[2], facts["sql"])
    for listed in ("parameters", "roles"):
        if listed in facts:
            facts[listed] = tuple(facts[listed])
    return Case(kind, name, **facts)


def _print_counts() -> None:
    for name, listed, more in (("attacks", attacks, "_contrib"), ("reads", reads, "_contrib")):
        cases = [*listed(), *listed(more)]
        print(f"{name}: {len(cases)}, as {sum(len(each.roles) for each in cases)} tests")
        for kind, number in Counter(each.kind for each in cases).items():
            print(f"  {number:4}  {kind}")


if __name__ == "__main__":
    _print_counts()
