"""What one probed address has answered so far: counts, round-trip times, and whether it is up; pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from monitoring.observed import PathSample, Reach

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)  # seconds
REMEMBERED = 16  # probes; a reply older than that is not ours to judge
DOWN_AFTER = 5  # probes without any answer: at 30 % loss that is chance once in seven minutes, not once in forty seconds
UP_AFTER = 2  # answers
_LIMITS = tuple(int(bound * 1e9) for bound in BUCKETS)
_WAITING, _ANSWERED, _LOST = 1, 2, 3
_PERCENT_99 = 99


@dataclass(frozen=True, slots=True)
class Counts:
    """Counters of one track at one moment; `buckets` are not cumulative and the last one has no upper bound."""

    sent: int
    lost: int
    duplicates: int
    late: int
    send_errors: int
    rtt_sum: float
    rtt_min: float | None
    buckets: tuple[int, ...]


class _Period:
    """What came back, or did not, since the period began; a probe belongs to the period in which its fate is known."""

    __slots__ = ("answered", "duplicates", "late", "lost", "times")

    def __init__(self) -> None:
        self.answered = self.lost = self.duplicates = self.late = 0
        self.times: list[int] = []

    def sample(self, site: str, path: str, now: float) -> PathSample:
        times = sorted(self.times)
        return PathSample(
            site=site,
            path=path,
            at=now,
            sent=self.answered + self.lost,
            lost=self.lost,
            duplicates=self.duplicates,
            late=self.late,
            rtt_min=times[0] / 1e9 if times else None,
            rtt_mean=sum(times) / len(times) / 1e9 if times else None,
            rtt_p99=times[(len(times) - 1) * _PERCENT_99 // 100] / 1e9 if times else None,
        )


class Track:
    """The memory of one probed address. One thread writes; others may call `counts` at any time."""

    __slots__ = (
        "_answers",
        "_newest_answered",
        "_period",
        "_previous_minimum",
        "_round",
        "_sent_at",
        "_state",
        "blocked",
        "buckets",
        "duplicates",
        "late",
        "lost",
        "reach",
        "rtt_sum",
        "send_errors",
        "sent",
        "since",
    )

    def __init__(self, now: float) -> None:
        self.sent = self.lost = self.duplicates = self.late = self.send_errors = 0
        self.rtt_sum = 0  # ns
        self.buckets = [0] * (len(_LIMITS) + 1)
        self.reach = Reach.UNKNOWN
        self.since = now
        self.blocked = False  # whether our own side could not send the last one
        self._round = self._newest_answered = self._answers = 0
        self._sent_at = [0] * REMEMBERED
        self._state = [0] * REMEMBERED
        self._period = _Period()
        self._previous_minimum: int | None = None

    def sending(self, now_ns: int) -> int:
        """Note a probe that leaves now and return its number."""
        self._round += 1
        slot = self._round % REMEMBERED
        self._sent_at[slot] = now_ns
        self._state[slot] = _WAITING
        self.sent += 1
        return self._round

    def not_sent(self, now: float) -> bool:
        """Take the last probe back: our own side could not send it, so nothing is known of the path; tell whether that changed."""
        self._state[self._round % REMEMBERED] = 0
        self.sent -= 1
        self.send_errors += 1
        self._newest_answered = self._round
        self.blocked = True
        return self._turn(Reach.UNKNOWN, now)

    def answered(self, sequence: int, received_ns: int, timeout_ns: int) -> None:
        """Note a reply by the 16 bits of its number and the kernel's time of receipt."""
        age = (self._round - sequence) & 0xFFFF
        if age >= REMEMBERED or age >= self._round:
            return
        slot = (self._round - age) % REMEMBERED
        state, self._state[slot] = self._state[slot], _ANSWERED
        elapsed = received_ns - self._sent_at[slot]
        if state == _WAITING and elapsed <= timeout_ns:
            self._measured(elapsed)
        elif state == _ANSWERED:
            self.duplicates += 1
            self._period.duplicates += 1
            return
        elif state == 0:
            self._state[slot] = 0
            return
        else:
            if state == _WAITING:
                self._lose()
            self.late += 1
            self._period.late += 1
        self._newest_answered = max(self._newest_answered, self._round - age)
        self._answers += 1

    def _measured(self, elapsed: int) -> None:
        self._period.answered += 1
        if elapsed < 0:
            return  # the clock was stepped between the two stamps: an answer, but no time
        self.buckets[bisect_left(_LIMITS, elapsed)] += 1
        self.rtt_sum += elapsed
        self._period.times.append(elapsed)

    def expired(self, number: int) -> None:
        """Note that a probe's time is over; one that was answered meanwhile is not lost."""
        slot = number % REMEMBERED
        if self._round - number < REMEMBERED and self._state[slot] == _WAITING:
            self._state[slot] = _LOST
            self._lose()

    def _lose(self) -> None:
        self.lost += 1
        self._period.lost += 1

    @property
    def silent(self) -> int:
        """Return how many probes left since the newest one that was answered, the one under way included."""
        return self._round - self._newest_answered

    def judge(self, now: float) -> bool:
        """Say whether the path is up or down by its last probes, down since the first lost one; tell whether that changed."""
        self.blocked = False
        if self.silent > DOWN_AFTER:
            first_lost = self._sent_at[(self._newest_answered + 1) % REMEMBERED]
            return self._turn(Reach.DOWN, first_lost / 1e9)
        if self._answers >= UP_AFTER:
            return self._turn(Reach.UP, now)
        return False

    def _turn(self, reach: Reach, now: float) -> bool:
        if reach is self.reach:
            return False
        self.reach, self.since, self._answers = reach, now, 0
        return True

    def clock_stepped(self, step_ns: int) -> None:
        """Move what is under way by a step of the realtime clock, so that it is neither late nor too quick."""
        self._sent_at = [at + step_ns for at in self._sent_at]

    def close_period(self, site: str, path: str, now: float) -> PathSample:
        """Return the sample of the period that ends now and begin the next one."""
        period, self._period = self._period, _Period()
        self._previous_minimum = min(period.times, default=None)
        return period.sample(site, path, now)

    def counts(self) -> Counts:
        """Return the counters; losses are read first, so they never exceed what was sent."""
        lost, late, buckets = self.lost, self.late, tuple(self.buckets)
        least = min(self._period.times, default=self._previous_minimum)
        return Counts(
            sent=self.sent,
            lost=lost,
            duplicates=self.duplicates,
            late=late,
            send_errors=self.send_errors,
            rtt_sum=self.rtt_sum / 1e9,
            rtt_min=None if least is None else least / 1e9,
            buckets=buckets,
        )
