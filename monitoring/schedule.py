"""Who is asked when: every job in a task of its own with its own deadline, so that a device that hangs costs only itself."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field

from monitoring import families
from monitoring.exposition import Block, block
from monitoring.measures.failures import DeviceError, Reason

log = logging.getLogger(__name__)

_SPREAD_SECONDS = 10.0  # the first polls after a start are spread over this
_RETRY_SECONDS = 60.0  # a failed hourly job is tried again after this


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do regularly: one collector of one device. `gap` is the least time between two runs, whoever asks."""

    device: str
    collector: str
    period: float
    deadline: float
    run: Callable[[], Awaitable[None]] = field(compare=False)
    identity: object = None  # what it was made from: a job that is loaded again with the same goes on as it is
    gap: float = 1.0

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from others."""
        return self.device, self.collector


@dataclass(slots=True)
class Record:
    """What became of a job so far; moments are seconds since 1970."""

    last_start: float = 0.0
    last_success: float = 0.0
    duration: float = 0.0
    failing: int = 0  # runs in a row
    last_reason: Reason | None = None
    overruns: int = 0
    errors: Counter[Reason] = field(default_factory=Counter)


class Schedule:
    """Runs jobs in a thread of its own. `load`, `hurry` and `stop` may be called from any other."""

    def __init__(self, done: Callable[[Job, Record], None] = lambda _job, _record: None) -> None:
        self._done = done
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="collector", daemon=True)
        self._tasks: dict[tuple[str, str], tuple[Job, asyncio.Task[None]]] = {}
        self._hurry: dict[tuple[str, str], asyncio.Event] = {}
        self.records: dict[tuple[str, str], Record] = {}

    def start(self) -> None:
        """Begin to run jobs."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel everything and wait for the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(timeout=10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def load(self, jobs: Iterable[Job]) -> None:
        """Run these from now on; a job that stays goes on without a gap."""
        self._loop.call_soon_threadsafe(self._take, tuple(jobs))

    def hurry(self, device: str, collector: str) -> None:
        """Have a job run now, or as soon as its gap lets it."""

        def wake() -> None:
            if (device, collector) in self._hurry:
                self._hurry[device, collector].set()

        self._loop.call_soon_threadsafe(wake)

    def _take(self, jobs: tuple[Job, ...]) -> None:
        wanted = {job.key: job for job in jobs}
        for key, (job, task) in list(self._tasks.items()):
            if wanted.get(key) != job:
                task.cancel()
                del self._tasks[key]
                if key not in wanted:
                    self.records.pop(key, None)
                    self._hurry.pop(key, None)
        for key, job in wanted.items():
            if key not in self._tasks:
                self._hurry[key] = asyncio.Event()
                record = self.records.setdefault(key, Record())
                self._tasks[key] = (job, self._loop.create_task(self._follow(job, record, self._hurry[key])))

    async def _follow(self, job: Job, record: Record, hurry: asyncio.Event) -> None:
        due = self._loop.time() + first_delay(job, record, time.time())
        while True:
            hurried = await _until(due - self._loop.time(), hurry)
            if hurried:
                await asyncio.sleep(record.last_start + job.gap - time.time())
                hurry.clear()
            await self._run(job, record)
            if hurried and due > self._loop.time():
                continue
            due = self._next(job, record, due)

    def _next(self, job: Job, record: Record, due: float) -> float:
        now = self._loop.time()
        if record.failing == 1 and job.period > _RETRY_SECONDS:
            return now + max(_RETRY_SECONDS, job.gap)
        missed = max(0, int((now - due) // job.period))
        record.overruns += missed
        return due + (missed + 1) * job.period

    async def _run(self, job: Job, record: Record) -> None:
        record.last_start = time.time()
        started = self._loop.time()
        try:
            async with asyncio.timeout(job.deadline):
                await job.run()
        except DeviceError as error:
            _failed(job, record, error.reason, error)
        except TimeoutError as error:
            _failed(job, record, Reason.TIMEOUT, error)
        except Exception:
            # A device's rubbish may take a way that nobody thought of: it must cost this device alone.
            log.exception("%s: %s failed", job.device, job.collector)
            _failed(job, record, Reason.RUBBISH, None)
        else:
            record.last_success, record.failing, record.last_reason = time.time(), 0, None
        record.duration = self._loop.time() - started
        try:
            self._done(job, record)
        except Exception:  # the job must go on
            log.exception("%s: %s: what follows it failed", job.device, job.collector)

    def __call__(self) -> Iterator[Block]:
        """Yield how the jobs fare."""
        records = list(self.records.items())
        # A device that never answered is as old as can be, so that the alert sees it.
        yield block(families.LAST_SUCCESS, {key: record.last_success for key, record in records if record.last_start})
        yield block(families.COLLECTOR_PERIOD, {key: job.period for key, (job, _) in list(self._tasks.items())})
        yield block(families.COLLECTOR_DURATION, {key: record.duration for key, record in records if record.last_start})
        yield block(families.POLL_OVERRUNS, {key: record.overruns for key, record in records})
        errors = {(*key, str(reason)): count for key, record in records for reason, count in list(record.errors.items())}
        yield block(families.COLLECTOR_ERRORS, errors)


def _failed(job: Job, record: Record, reason: Reason, error: BaseException | None) -> None:
    record.failing += 1
    record.last_reason = reason
    record.errors[reason] += 1
    if record.failing == 1:
        log.warning("%s: %s: %s", job.device, job.collector, error or reason)


def first_delay(job: Job, record: Record, now: float) -> float:
    """Return when a job runs first: soon and spread by its name's hash, but not before its period is over since the last run."""
    digest = hashlib.blake2b(" ".join(job.key).encode(), digest_size=8).digest()
    spread = int.from_bytes(digest) / 2**64 * min(job.period, _SPREAD_SECONDS)
    return max(spread, min(record.last_start + job.period - now, job.period)) if record.last_start else spread


async def _until(seconds: float, hurry: asyncio.Event) -> bool:
    """Wait, but not longer than until somebody is in a hurry; tell whether somebody is."""
    if seconds <= 0:
        return hurry.is_set()
    try:
        async with asyncio.timeout(seconds):
            await hurry.wait()
    except TimeoutError:
        return False
    return True
