"""Tasks with UPIDs, logs and exit statuses, kept in SQLite. Short ones end before the call is answered."""

from __future__ import annotations

import itertools
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.errors import TerangaError
from provisioner.lab.guests.driver import AgentError, GuestError
from provisioner.lab.proxmox.access import Identity
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.store import Store
from provisioner.lab.proxmox.values import Document

log = logging.getLogger(__name__)

Log: TypeAlias = Callable[[str], None]
Work: TypeAlias = Callable[[Log], None]
_UPID = re.compile(r"UPID:([a-zA-Z0-9-]+):([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):([^:\s]+):([^:\s]*):([^:\s]+):\Z")
_ANSWER_AFTER_SECONDS = 3.0  # the plugin polls at once and then every second: a task that ended already saves it that second
_TICKS_PER_SECOND = 100
_WORKERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task as the store keeps it."""

    upid: str
    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    user: str  # with the token's name
    endtime: int | None
    exitstatus: str | None


class Tasks:
    """Starts tasks and keeps what became of them."""

    def __init__(self, store: Store) -> None:
        """Note as ended whatever was running when the server died."""
        self._store = store
        self._pids = itertools.count(os.getpid() % 0x8000)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="task")
        with store.lock:
            store.connection.execute(
                "UPDATE task SET endtime = ?, exitstatus = 'unexpected status' WHERE endtime IS NULL", (int(time.time()),)
            )

    def close(self) -> None:
        """Wait for the running tasks."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, node: str, who: Identity, kind: str, id_: str, work: Work) -> str:
        """Start `work` as a task of a node; return its UPID once it has ended, at the latest after a few seconds."""
        upid = self._begin(node, who, kind, id_)
        wait([self._pool.submit(self._work, upid, work)], timeout=_ANSWER_AFTER_SECONDS)
        return upid

    def _begin(self, node: str, who: Identity, kind: str, id_: str) -> str:
        pid, pstart, now = next(self._pids), int(time.monotonic() * _TICKS_PER_SECOND), int(time.time())
        upid = f"UPID:{node}:{pid:08X}:{pstart:08X}:{now:08X}:{kind}:{id_}:{who.full}:"
        with self._store.lock:
            self._store.connection.execute(
                "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", (upid, node, pid, pstart, now, kind, id_, who.full)
            )
        return upid

    def _work(self, upid: str, work: Work) -> None:
        lines = itertools.count(1)
        lock = threading.Lock()

        def note(text: str) -> None:
            with lock, self._store.lock:
                self._store.connection.execute("INSERT INTO task_line VALUES (?, ?, ?)", (upid, next(lines), text))

        status = "OK"
        try:
            work(note)
        except (Failure, GuestError, AgentError, TerangaError, OSError) as error:
            status = (str(error).strip() or type(error).__name__).replace("\n", " ")
        except Exception as error:  # a task must end, whatever happens in it
            log.exception("task %s", upid)
            status = f"{type(error).__name__}: {error}"
        note("TASK OK" if status == "OK" else f"TASK ERROR: {status}")
        with self._store.lock:
            self._store.connection.execute("UPDATE task SET endtime = ?, exitstatus = ? WHERE upid = ?", (int(time.time()), status, upid))

    def find(self, upid: str) -> Task:
        """Return a task; raise the 400 of an unknown or malformed UPID."""
        if not _UPID.match(upid):
            raise Failure.parameter("upid", f"unable to parse worker upid '{upid}'")
        with self._store.lock:
            row = self._store.connection.execute("SELECT * FROM task WHERE upid = ?", (upid,)).fetchone()
        if row is None:
            raise Failure.parameter("upid", "no such task")
        return _task(row)

    def of_node(self, node: str) -> list[Task]:
        """Return the tasks of a node, the latest first."""
        with self._store.lock:
            rows = self._store.connection.execute("SELECT * FROM task WHERE node = ? ORDER BY rowid DESC", (node,)).fetchall()
        return [_task(row) for row in rows]

    def lines(self, upid: str) -> list[Document]:
        """Return the log of a task: `[{n, t}]`."""
        with self._store.lock:
            rows = self._store.connection.execute("SELECT n, t FROM task_line WHERE upid = ? ORDER BY n", (upid,)).fetchall()
        return [{"n": n, "t": t} for n, t in rows]

    def forget(self, node: str) -> None:
        """Remove the tasks of a node that is taken away."""
        with self._store.transaction():
            self._store.connection.execute("DELETE FROM task_line WHERE upid IN (SELECT upid FROM task WHERE node = ?)", (node,))
            self._store.connection.execute("DELETE FROM task WHERE node = ?", (node,))


def _task(row: tuple[str, str, int, int, int, str, str, str, int | None, str | None]) -> Task:
    upid, node, pid, pstart, starttime, kind, id_, user, endtime, exitstatus = row
    return Task(
        upid=upid,
        node=node,
        pid=pid,
        pstart=pstart,
        starttime=starttime,
        type=kind,
        id=id_,
        user=user,
        endtime=endtime,
        exitstatus=exitstatus,
    )
