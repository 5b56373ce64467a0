"""The shape every system has: the doors it offers and the life it leads.

A system is a module `moorage.<name>.system` with one object `SYSTEM`. Opening it yields an `Opened`: tools
for the MCP door, routes for the HTTP door, checks for readiness. Command line doors are found without it, in
`moorage.<name>.commands`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, Field
from starlette.routing import BaseRoute

from moorage.core.access import Scope
from moorage.core.postgres.pools import Connection
from moorage.core.values import Value

PROJECT_PLACE = "{project_name}"

READS: Mapping[str, bool] = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
"""The hints of a tool that only looks, and at nothing outside."""
WRITES: Mapping[str, bool] = {"read_only": False, "destructive": False, "idempotent": True, "open_world": False}
"""The hints of a tool that adds or changes, inside, and is safe to repeat."""


@dataclass(frozen=True)
class Tool:
    """A plain typed async function as a tool; no protocol library is known here.

    The function's signature is the input schema (`Annotated[..., pydantic.Field(description=...)]`), its
    docstring the description, written for a model choosing among many. A parameter typed `Call` is injected
    and not part of the schema. All four hints are stated for every tool, on purpose, because clients treat a
    missing one as the worst.

    Attributes:
        structured: True: the result model's schema is published and the result is structured content
            beside the same data as text. False: the function returns prose (`str`) and nothing else.
        needs_admin: what it does to a project as a whole is for administrators: making, deleting, archiving it.
        is_for_readers: whoever may read may call it too; it asks itself who may write.
        only_reads_now: that it does so as things stand, or what is asked at each listing; the hints shown are those
            of a tool that only reads then. Clients ask a person before each call of others.
        is_shown: whether the caller may know of it, or what is asked that at each listing and call.
    """

    function: Callable[..., Awaitable[Any]]
    title: str
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    structured: bool = True
    needs_admin: bool = False
    is_for_readers: bool = False
    only_reads_now: bool | Callable[[], bool] = False
    is_shown: bool | Callable[[], Awaitable[bool]] = True

    @property
    def scope(self) -> Scope:
        """What a caller needs: read for what only reads, write for the rest, admin where it is said."""
        if self.needs_admin:
            return Scope.ADMIN
        return Scope.READ if self.read_only or self.is_for_readers else Scope.WRITE

    @property
    def name(self) -> str:
        return self.function.__name__  # ty: ignore[missing-attribute]  (building a server refuses all but functions)


def chosen_tools(profiles: Mapping[str, Sequence[Tool]], chosen: Iterable[str]) -> list[Tool]:
    """Return the tools of the profiles chosen, so that a model reads few descriptions; `all` is every one."""
    wanted = set(chosen)
    return [tool for name, tools in profiles.items() if wanted & {name, "all"} for tool in tools]


@dataclass(frozen=True)
class Resource:
    """Something that each project has, which clients read by its address and may follow; no protocol library is known.

    Who reads or follows it needs the scope read. `read` and `watch` find the project, and so refuse whoever may not
    see it.

    Attributes:
        address: of all of them, with "{project_name}" where the project's name stands.
        name: for programs, `title` for people, `description` for models.
        read: returns what a project's holds now.
        watch: yields once when watching has begun, and then each time there is something new to read.
        project_names: returns those that the caller sees, no more than are fit for a list.
    """

    address: str
    name: str
    title: str
    description: str
    read: Callable[[str], Awaitable[BaseModel]]
    watch: Callable[[str], AsyncGenerator[None]]
    project_names: Callable[[], Awaitable[Sequence[str]]]

    def address_of(self, project_name: str) -> str:
        return self.address.replace(PROJECT_PLACE, project_name)

    def project_in(self, address: str) -> str | None:
        """Return the project that an address names; None when it is the address of something else."""
        before, _, after = self.address.partition(PROJECT_PLACE)
        name = address.removeprefix(before).removesuffix(after)
        return name if name and "/" not in name and self.address_of(name) == address else None


class Call(Protocol):
    """What a running tool may know of its call, and tell its caller."""

    @property
    def request_id(self) -> str: ...

    @property
    def transport(self) -> str:
        """One of "stdio", "http", "sse"; "memory" in tests."""
        ...

    @property
    def can_confirm(self) -> bool:
        """Whether the caller can ask a person."""
        ...

    async def confirm(self, message: str) -> bool:
        """Ask a person through the caller for a yes; False is no, or no answer.

        Call it where nothing is held and repeating everything before it is harmless: with some callers the tool is
        called anew with the answer, and the same message finds it then.
        """
        ...

    async def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tell the caller how far the work is; silently ignored when the caller did not ask."""
        ...


@dataclass(frozen=True)
class Check:
    """One answer to "are you ready?".

    Attributes:
        required: False where the process is of use without it, as without one project of many.
    """

    name: str
    ok: bool
    detail: str = ""
    required: bool = True


class Severity(StrEnum):
    """How bad a finding is: something does not work, something soon will not, or it is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Value):
    """Something that is not as it should be, and what would mend it.

    Attributes:
        code: stable; the same for every case of its kind.
        subject: what it is found at: a project, a database, an index. With the code it tells findings apart.
        remedy: what mending does, or what a person has to do where the program cannot mend.
        deletes_data: whether mending deletes what is nowhere else.
        mend: mends it; repeating that is harmless. None where a person has to decide.
        locks_itself: whether `mend` takes the project's lock; else whoever calls it holds that lock.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    remedy: str
    project_name: str | None = None
    server: str | None = None
    deletes_data: bool = False
    mend: Callable[[], Awaitable[Any]] | None = Field(None, exclude=True, repr=False)
    locks_itself: bool = Field(False, exclude=True, repr=False)


Diagnosis = Callable[[str, Connection], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True)
class Opened:
    """What an open system contributes to the doors.

    Attributes:
        service: what the system does; the command line door calls it.
        tools: in the order they are listed to clients.
        resources: what clients can read and follow beside them.
        routes: mounted under `/api/v1/<system>`.
        checks: asked by `/health/ready`; each is quick, bounded, and never raises.
        project_checks: asked as well when the caller names a project (`/health/ready?project=name`).
        diagnoses: asked by `moorage doctor` for each project, with its name and a connection to its database.
    """

    service: Any
    tools: Sequence[Tool] = ()
    resources: Sequence[Resource] = ()
    routes: Sequence[BaseRoute] = ()
    checks: Sequence[Callable[[], Awaitable[Sequence[Check]]]] = field(default=())
    project_checks: Sequence[Callable[[str], Awaitable[Sequence[Check]]]] = field(default=())
    diagnoses: Sequence[Diagnosis] = field(default=())


class System(Protocol):
    """One room of the house, as `moorage.systems` sees it."""

    @property
    def name(self) -> str: ...

    @property
    def purpose(self) -> str:
        """One sentence: what it is for. Part of the instructions that models read."""
        ...

    def open(self, ground: Any, settings: Any, /) -> AbstractAsyncContextManager[Opened]:
        """Open what the system holds; leaving the context closes it, also when it is cancelled."""
        ...
