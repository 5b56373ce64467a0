"""An event loop beside the main thread, so that somebody can type and press Ctrl-C while connections stay open."""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moorage.core.shell import Shell
from moorage.databases.service import DatabasesService

Result = TypeVar("Result")
ENDING_SECONDS = 10.0
_Message = tuple[str, "concurrent.futures.Future[bool]"] | None


@dataclass
class Beside:
    """The service in its thread; its methods are for the main thread."""

    service: DatabasesService
    loop: asyncio.AbstractEventLoop
    _questions: queue.SimpleQueue[_Message] = field(default_factory=queue.SimpleQueue)

    def call(self, work: Coroutine[Any, Any, Result], ask: Callable[[str], bool] | None = None) -> Result:
        """Run something and wait for it, answering its questions meanwhile.

        Args:
            ask: asks a person; called here, where somebody types.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the work was cancelled and has ended.
        """
        questions = self._questions = queue.SimpleQueue[_Message]()
        task = asyncio.run_coroutine_threadsafe(_started(work, questions), self.loop).result()
        try:
            while (message := questions.get()) is not None:
                question, answer = message
                answer.set_result(ask is not None and ask(question))
        except BaseException:
            self.loop.call_soon_threadsafe(task.cancel)
            while questions.get() is not None:
                pass
            raise
        return task.result()

    async def confirm(self, question: str) -> bool:
        """Have the main thread ask a person."""
        answer: concurrent.futures.Future[bool] = concurrent.futures.Future()
        self._questions.put((question, answer))
        return await asyncio.wrap_future(answer)


_Opened = tuple[Beside, asyncio.Event]


@contextmanager
def opened_beside(shell: Shell, systems: Sequence[str]) -> Generator[Beside]:
    """Open these systems in a thread of their own, and close them there at the end.

    Raises:
        MoorageError: they cannot be opened.
    """
    opened: concurrent.futures.Future[_Opened] = concurrent.futures.Future()
    thread = threading.Thread(target=_run, args=(shell, systems, opened), daemon=True)
    thread.start()
    beside, ended = opened.result()
    try:
        yield beside
    finally:
        beside.loop.call_soon_threadsafe(ended.set)
        thread.join(ENDING_SECONDS)


async def _started(work: Coroutine[Any, Any, Result], questions: queue.SimpleQueue[_Message]) -> asyncio.Task[Result]:
    """Start something; None comes in the place of a question when it has ended, also when it was cancelled."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: questions.put(None))
    return task


def _run(shell: Shell, systems: Sequence[str], opened: concurrent.futures.Future[_Opened]) -> None:
    try:
        asyncio.run(_stay_open(shell, systems, opened))
    except BaseException as error:  # noqa: BLE001  (it is raised where somebody waits)
        if not opened.done():
            opened.set_exception(error)


async def _stay_open(shell: Shell, systems: Sequence[str], opened: concurrent.futures.Future[_Opened]) -> None:
    ended = asyncio.Event()
    async with shell.open_systems(systems) as house:
        opened.set_result((Beside(house["databases"].service, asyncio.get_running_loop()), ended))
        await ended.wait()
