"""Simulated time and processes: one thread, greenlets, a heap of events. The same seed gives the same run.

A task runs until it waits; time passes only while all wait. A process may be killed or stopped (as by SIGKILL and SIGSTOP)
at any point where one of its tasks waits, which is at each call that would leave a real process.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet


class Killed(BaseException):
    """Unwinds the tasks of a killed process; what they call on the way has no effect any more."""


class Process:
    """What is killed, stopped and cut off together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.stopped_until = 0.0


class Task:
    """One thread of a process."""

    __slots__ = ("_turn", "_world", "glet", "process")

    def __init__(self, world: Scheduler, process: Process, call: Callable[[], Any]) -> None:
        self._world = world
        self._turn = 0
        self.process = process
        self.glet = greenlet(self._run_of(call), parent=world.hub)

    def _run_of(self, call: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            try:
                if not self.process.dead:
                    call()
            except Killed:
                pass
            finally:
                self._world.tasks.pop(self.glet, None)

        return run

    def wake(self, turn: int) -> None:
        """Go on, unless that has happened since `turn`."""
        if turn != self._turn or self.glet.dead:
            return
        if self.process.stopped_until > self._world.now and not self.process.dead:
            self._world.at(self.process.stopped_until, self.wake, turn)
            return
        self._turn += 1
        self.glet.switch()

    @property
    def turn(self) -> int:
        return self._turn


class Scheduler:
    """The clock and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hub = getcurrent()
        self.tasks: dict[greenlet, Task] = {}
        self._heap: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._count = 0

    def at(self, when: float, call: Callable[..., Any], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, call, arguments))

    def after(self, seconds: float, call: Callable[..., Any], *arguments: Any) -> None:
        self.at(self.now + seconds, call, *arguments)

    def spawn(self, process: Process, call: Callable[[], Any]) -> Task:
        task = Task(self, process, call)
        self.tasks[task.glet] = task
        self.after(0.0, task.wake, 0)
        return task

    def current(self) -> Task:
        return self.tasks[getcurrent()]

    def wait(self, seconds: float) -> None:
        """Let time pass for the running task; sooner when somebody wakes it."""
        task = self.current()
        if task.process.dead:
            raise Killed
        self.at(self.now + seconds, task.wake, task.turn)
        self.hub.switch()
        if task.process.dead:
            raise Killed

    def wait_for(self, seconds: float | None, on_wake: Callable[[Callable[[], None]], None]) -> None:
        """Wait until the function handed to `on_wake` is called, for `seconds` at most."""
        task = self.current()
        turn = task.turn
        on_wake(lambda: self.after(0.0, task.wake, turn))
        self.wait(1e9 if seconds is None else seconds)

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Let events happen up to time `until`, or until `done`."""
        heap = self._heap
        while heap and heap[0][0] <= until and not done():
            when, _, call, arguments = heapq.heappop(heap)
            self.now = max(self.now, when)
            call(*arguments)
        if not done():
            self.now = max(self.now, until)

    def kill(self, process: Process) -> None:
        """Its tasks never go on; their frames are unwound at once."""
        process.dead = True
        for glet, task in list(self.tasks.items()):
            if task.process is process and glet is not getcurrent():
                if glet:
                    glet.throw(Killed)
                else:
                    self.tasks.pop(glet, None)

    def close(self) -> None:
        """Unwind what still waits."""
        for process in {task.process for task in self.tasks.values()}:
            self.kill(process)
