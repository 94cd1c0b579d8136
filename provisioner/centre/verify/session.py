"""A probing agent as a child process: requests by JSON lines, answers as futures."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import count
from pathlib import Path

from provisioner import command
from provisioner.centre.verify.ports import Answer, Value
from provisioner.errors import OutsideError, Problem

PROBER = Path(__file__).with_name("prober.py")


class ProberSession:
    """Runs `prober.py` behind `prefix`, e.g. `ip netns exec NAME`, until closed."""

    def __init__(self, prefix: Sequence[str]) -> None:
        """Start the agent."""
        argv = (*prefix, sys.executable, "-I", "-S", str(PROBER))
        self._process = command.start(argv, stdin=command.PIPE, stdout=command.PIPE)
        self._where = " ".join(prefix)
        self._numbers = count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, do: str, **values: Value) -> Future[Answer]:
        """Send one request; a dead agent fails the future with OutsideError."""
        future: Future[Answer] = Future()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = future
            try:
                if self._ended or self._process.stdin is None:
                    raise BrokenPipeError
                self._process.stdin.write(json.dumps({"id": number, "do": do, **values}) + "\n")
                self._process.stdin.flush()
            except OSError:
                del self._waiting[number]
                future.set_exception(self._dead())
        return future

    def close(self) -> None:
        """End the agent and all its listeners."""
        command.end(self._process)
        self._reader.join()  # its pipe is at its end now
        with self._lock:
            command.close(self._process)

    def _dead(self) -> OutsideError:
        return OutsideError(Problem(where=self._where, what="the probing agent ended", hint="does the namespace still exist?"))

    def _read(self) -> None:
        for line in self._process.stdout or ():
            answer = json.loads(line)
            with self._lock:
                future = self._waiting.pop(int(answer["id"]), None)
            if future is not None:
                future.set_result(answer)
        with self._lock:
            self._ended = True
            left, self._waiting = tuple(self._waiting.values()), {}
        for future in left:
            future.set_exception(self._dead())
