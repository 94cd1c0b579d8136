"""The only module that starts programs: a list, an explicit environment, a time-out, no shell."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, NoReturn

from provisioner.errors import CommandError, Problem

log = logging.getLogger(__name__)

PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT  # standard error goes where the output goes
DEVNULL = subprocess.DEVNULL
Process = subprocess.Popen[str]  # what `start` returns
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TAIL_LINES = 15
_GRACE_SECONDS = 10.0


def environment(**more: str) -> dict[str, str]:
    """Return a minimal environment: PATH, HOME, a UTF-8 locale without translations, and `more`."""
    base = {"PATH": PATH, "HOME": os.environ.get("HOME", "/root"), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return base | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a finished program left: its exit status and what it wrote."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a program is run. `log` receives standard output and error instead of memory."""

    env: Mapping[str, str] = field(default_factory=environment)
    timeout: timedelta = timedelta(seconds=60)
    cwd: Path | None = None
    stdin: str | None = None
    log: Path | None = None


DEFAULT = Run()


def _failure(argv: Sequence[str], what: str, tail: str, log_file: Path | None) -> CommandError:
    shown = "\n".join(tail.strip().splitlines()[-_TAIL_LINES:])
    hint = f"the whole output is in {log_file}" if log_file else ""
    return CommandError(Problem(where=argv[0], what=f"{what}: {' '.join(argv[1:6])}\n{shown}".rstrip(), hint=hint))


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], grace: float = _GRACE_SECONDS) -> None:
    """End a process and its group: first politely, after `grace` seconds by force."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            continue
        break
    process.wait()


def close(process: Process) -> None:
    """Close our ends of an ended process's pipes, once nobody reads them any more."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):  # what it never read is lost with it
                pipe.close()


_running: set[Process] = set()
_stopping = threading.Event()


@contextmanager
def _noted(process: Process) -> Iterator[None]:
    """Let `interrupt` know of a program for as long as somebody waits for it."""
    _running.add(process)
    try:
        yield
    finally:
        _running.discard(process)


def interrupt() -> None:
    """Ask every program that somebody waits for to end: what a signal's handler calls, since threads hear no signal."""
    _stopping.set()
    for process in tuple(_running):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def pause(seconds: float) -> None:
    """Sleep in any thread; raise KeyboardInterrupt once the run was interrupted."""
    if _stopping.wait(seconds):
        raise KeyboardInterrupt


def attempt(argv: Sequence[str | Path], how: Run = DEFAULT) -> Completed:
    """Run a program to its end and return what it left, whatever its exit status.

    Raises CommandError if it cannot be started or does not end within `how.timeout`.
    """
    words = tuple(str(word) for word in argv)
    log.debug("run %s", words)
    sink: IO[str] | int = how.log.open("a") if how.log else subprocess.PIPE
    try:
        process = subprocess.Popen(
            words,
            env=dict(how.env),
            cwd=how.cwd,
            stdin=subprocess.DEVNULL if how.stdin is None else subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT if how.log else subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise _failure(words, str(error), "", how.log) from error
    finally:
        if not isinstance(sink, int):
            sink.close()
    try:
        with _noted(process):
            stdout, stderr = process.communicate(how.stdin, how.timeout.total_seconds())
    except subprocess.TimeoutExpired as error:
        end(process)
        close(process)
        what = f"did not end within {how.timeout.total_seconds():.0f} s"
        raise _failure(words, what, _tail(how.log), how.log) from error
    except BaseException:
        end(process)
        close(process)
        raise
    return Completed(argv=words, status=process.returncode, stdout=stdout or "", stderr=stderr or "")


def _tail(log_file: Path | None) -> str:
    return log_file.read_text(errors="replace")[-4000:] if log_file and log_file.exists() else ""


def run(argv: Sequence[str | Path], how: Run = DEFAULT) -> Completed:
    """Run a program to its end; raise CommandError with its last lines unless it ends with 0."""
    done = attempt(argv, how)
    if done.status != 0:
        tail = _tail(how.log) if how.log else f"{done.stdout}\n{done.stderr}"
        raise _failure(done.argv, f"ended with status {done.status}", tail, how.log)
    return done


def lines(argv: Sequence[str | Path], on_line: Callable[[str], None], how: Run = DEFAULT) -> int:
    """Run a program and hand over each line of its output as it comes; return its exit status.

    The time-out bounds the whole run. An exception of `on_line` ends the program.
    """
    process = start(argv, how, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watchdog = _Watchdog(process, how.timeout)
    try:
        if process.stdout is None:
            raise AssertionError(argv)
        with _noted(process):
            for line in process.stdout:
                on_line(line.rstrip("\n"))
            return process.wait()
    finally:
        watchdog.cancel()
        end(process)
        close(process)


def stream(argv: Sequence[str | Path], source: bytes | int, sink: int, how: Run = DEFAULT) -> tuple[int, str]:
    """Run a program whose input and output are files or bytes of any length; return its exit status and its errors' text.

    `source`: what it reads, or an open file's number; `sink`: an open file's number, or DEVNULL.
    """
    words = tuple(str(word) for word in argv)
    log.debug("stream %s", words)
    given = isinstance(source, bytes)
    try:
        process = subprocess.Popen(
            words,
            env=dict(how.env),
            cwd=how.cwd,
            stdin=subprocess.PIPE if isinstance(source, bytes) else source,
            stdout=sink,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _failure(words, str(error), "", how.log) from error
    try:
        _, said = process.communicate(source if isinstance(source, bytes) else None, how.timeout.total_seconds())
    except subprocess.TimeoutExpired as error:
        raise _failure(words, f"did not end within {how.timeout.total_seconds():.0f} s", "", how.log) from error
    finally:
        end(process)
        for pipe in (process.stdin if given else None, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
    return process.returncode, said.decode(errors="replace")


class _Watchdog:
    """Kills a process's group once its time is over."""

    def __init__(self, process: Process, timeout: timedelta) -> None:
        self._timer = threading.Timer(timeout.total_seconds(), end, args=(process,))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()


def start(
    argv: Sequence[str | Path],
    how: Run = DEFAULT,
    *,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | IO[str] | None = subprocess.DEVNULL,
    stderr: int | IO[str] | None = subprocess.DEVNULL,
) -> Process:
    """Start a program in its own session and return it; the caller ends it with `end`."""
    words = tuple(str(word) for word in argv)
    log.debug("start %s", words)
    try:
        return subprocess.Popen(
            words, env=dict(how.env), cwd=how.cwd, stdin=stdin, stdout=stdout, stderr=stderr, text=True, start_new_session=True
        )
    except OSError as error:
        raise _failure(words, str(error), "", how.log) from error


def hand_over(argv: Sequence[str | Path], env: Mapping[str, str]) -> NoReturn:
    """Replace this process by a program that talks to the user's terminal itself; never returns."""
    words = [str(word) for word in argv]
    log.debug("hand over to %s", words)
    try:
        os.execvpe(words[0], words, dict(env))  # noqa: S606  no shell: that is the point
    except OSError as error:
        raise _failure(words, str(error), "", None) from error
