"""A process beside this one, for what need not wait for the simulation: exact laws, and the library that draws.

It is forked while this one is small, and answers one question after the other. Where systems do not fork, or where it
fails, this process finds the answer itself when it is asked for, so that there is one place for errors to come from.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing import current_process, get_context
from typing import TYPE_CHECKING, Any, Self

from simdce.interrupts import interrupts_deferred

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess


def helps(threads: int | None = None) -> bool:
    """Whether a second process does: there are cores for it, and the system forks well (elsewhere it is unsafe)."""
    return sys.platform == "linux" and (threads or os.cpu_count() or 1) > 1


class Beside:
    """A process that calls functions by name; ``modules`` are those it imports while nothing is asked.

    Without ``forked``, or once there is no such process, its questions are answered here.
    """

    def __init__(self, *modules: str, forked: bool = True) -> None:
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None
        self._awaited: list[Any] | None = None
        if forked and not current_process().daemon:  # such a one may have no children
            with suppress(OSError), interrupts_deferred():  # no process to be had, or no pipe
                self._begin(modules)

    def _begin(self, modules: tuple[str, ...]) -> None:
        context = get_context("fork")
        ours, theirs = context.Pipe()
        with theirs:
            process = context.Process(target=_serve, args=(theirs, ours, modules), daemon=True)
            process.start()
        self._connection, self._process = ours, process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with interrupts_deferred():
            self._connection = None
            if self._process is not None:
                self._process.kill()
                self._process.join()

    @property
    def free(self) -> bool:
        """Whether there is a process, and it waits for a question."""
        if self._awaited is not None and self._connection is not None and self._connection.poll():
            self._collect()
        return self._connection is not None and self._awaited is None

    def ask(self, module: str, name: str, *arguments: Any) -> Callable[[], Any]:
        """What gives ``module.name(*arguments)`` when it is called; raises what that raises."""
        self._collect()  # neither side may wait for the other to listen
        found: list[Any] = []
        if self._sent((module, name, arguments)):
            self._awaited = found

        def answer() -> Any:
            if self._awaited is found:
                self._collect()
            if not found or found[0] is None:
                found[:] = [getattr(import_module(module), name)(*arguments)]
            return found[0]

        return answer

    def _collect(self) -> None:
        """The answer that is due, None where it went wrong."""
        awaited, self._awaited = self._awaited, None
        if awaited is not None and self._connection is not None:
            try:
                awaited.append(self._connection.recv())
            except Exception:  # whatever came is no answer, and what comes next is anybody's guess
                self._connection = None

    def _sent(self, question: Any) -> bool:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.send(question)
                return True
        return False


def _serve(connection: Connection, theirs: Connection, modules: tuple[str, ...]) -> None:
    """Answers until nobody asks any more; None for whatever went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    theirs.close()
    waiting = list(modules)
    with suppress(EOFError, OSError):
        while True:
            with suppress(Exception):
                while waiting and not connection.poll():
                    import_module(waiting.pop(0))
            try:
                module, name, arguments = connection.recv()
                connection.send(getattr(import_module(module), name)(*arguments))
            except (EOFError, OSError):
                raise
            except Exception:
                connection.send(None)
