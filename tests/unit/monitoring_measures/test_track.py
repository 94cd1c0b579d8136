"""What a probed address has answered: loss, lateness, duplicates, steps of the clock, and up or down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.track import DOWN_AFTER, REMEMBERED, Track
from monitoring.observed import Reach

MS = 1_000_000
SECOND = 1000 * MS
TIMEOUT = 2 * SECOND


def answered(track: Track, after: int, now: int = 0) -> None:
    number = track.sending(now)
    track.answered(number & 0xFFFF, now + after, TIMEOUT)
    track.judge(now / SECOND)


def silent(track: Track, now: int = 0) -> int:
    number = track.sending(now)
    track.judge(now / SECOND)
    return number


def test_an_answer_is_counted_in_its_bucket() -> None:
    track = Track(0.0)

    answered(track, 3 * MS)
    answered(track, 5 * MS)  # a bound belongs to its bucket
    answered(track, 1999 * MS)

    assert track.counts().buckets == (0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    assert (track.counts().sent, track.counts().lost) == (3, 0)


def test_what_does_not_come_back_is_lost_once() -> None:
    track = Track(0.0)
    number = silent(track)

    track.expired(number)
    track.expired(number)

    assert (track.counts().sent, track.counts().lost) == (1, 1)


def test_an_answer_after_its_time_is_lost_and_late() -> None:
    track = Track(0.0)
    number = silent(track)
    track.expired(number)
    track.answered(number, 3 * SECOND, TIMEOUT)

    assert (track.counts().lost, track.counts().late, sum(track.counts().buckets)) == (1, 1, 0)


def test_an_answer_is_late_by_the_kernels_time_though_nobody_had_looked_yet() -> None:
    track = Track(0.0)
    number = silent(track)

    track.answered(number, 2 * SECOND + 1, TIMEOUT)
    track.expired(number)

    assert (track.counts().lost, track.counts().late) == (1, 1)


def test_an_answer_in_time_is_not_late_though_we_read_it_late() -> None:
    track = Track(0.0)
    number = silent(track)

    track.answered(number, 20 * MS, TIMEOUT)  # stamped by the kernel; we were starved meanwhile
    track.expired(number)

    assert (track.counts().lost, track.counts().late) == (0, 0)


def test_a_second_answer_is_a_duplicate() -> None:
    track = Track(0.0)
    number = silent(track)
    for _ in range(3):
        track.answered(number, MS, TIMEOUT)

    assert (track.counts().duplicates, sum(track.counts().buckets)) == (2, 1)


def test_an_answer_to_nothing_that_was_sent_is_ignored() -> None:
    track = Track(0.0)
    silent(track)

    for sequence in (0, 2, 5000, 65535):
        track.answered(sequence, MS, TIMEOUT)

    assert track.counts().duplicates == track.counts().late == sum(track.counts().buckets) == 0


def test_numbers_go_on_past_sixteen_bits() -> None:
    track = Track(0.0)
    for _ in range(70_000):
        answered(track, MS)

    assert (track.counts().sent, track.counts().lost, sum(track.counts().buckets)) == (70_000, 0, 70_000)


def test_a_step_of_the_clock_makes_nothing_late() -> None:
    track = Track(0.0)
    number = silent(track, now=10 * SECOND)

    track.clock_stepped(3600 * SECOND)
    track.answered(number, 3610 * SECOND + 5 * MS, TIMEOUT)

    assert track.counts().lost == 0
    assert track.counts().rtt_min == 0.005


def test_a_time_before_its_sending_is_an_answer_without_a_time() -> None:
    track = Track(0.0)

    answered(track, -5 * MS, now=SECOND)

    assert (track.counts().lost, sum(track.counts().buckets), track.counts().rtt_min) == (0, 0, None)


def test_unknown_until_two_answers_then_up_then_down_after_silence() -> None:
    track = Track(0.0)
    assert track.reach is Reach.UNKNOWN
    answered(track, MS)
    before = track.reach
    answered(track, MS)
    up = track.reach

    for moment in range(90, 90 + DOWN_AFTER):
        silent(track, now=moment * SECOND)
    still = track.reach
    silent(track, now=99 * SECOND)

    assert (before, up, still) == (Reach.UNKNOWN, Reach.UP, Reach.UP)
    assert (track.reach, track.since) == (Reach.DOWN, 90.0), "since the first that was lost"


def test_one_answer_does_not_make_a_dead_path_alive() -> None:
    track = Track(0.0)
    for _ in range(DOWN_AFTER + 1):
        silent(track)
    answered(track, MS)
    after_one = track.reach
    answered(track, MS)

    assert (after_one, track.reach) == (Reach.DOWN, Reach.UP)


def test_a_path_that_answers_late_is_not_down() -> None:
    track = Track(0.0)
    for number in range(1, 40):
        silent(track)
        if number > 3:
            track.answered(number - 3, 3 * SECOND, TIMEOUT)

    assert track.reach is Reach.UP


def test_what_we_could_not_send_is_unknown_and_not_lost() -> None:
    track = Track(0.0)
    answered(track, MS)
    answered(track, MS)

    for _ in range(DOWN_AFTER * 2):
        track.sending(0)
        track.not_sent(7.0)
        track.judge(7.0)

    assert (track.reach, track.since) == (Reach.UNKNOWN, 7.0)
    assert (track.counts().sent, track.counts().lost, track.counts().send_errors) == (2, 0, DOWN_AFTER * 2)


def test_a_period_tells_loss_and_times_of_what_was_decided_in_it() -> None:
    track = Track(0.0)
    for milliseconds in range(1, 11):
        answered(track, milliseconds * MS)
    track.expired(silent(track))
    under_way = silent(track)

    sample = track.close_period("dahra", "fibre", 60.0)
    track.expired(under_way)
    following = track.close_period("dahra", "fibre", 120.0)

    assert (sample.sent, sample.lost, sample.rtt_min, sample.rtt_mean, sample.rtt_p99) == (11, 1, 0.001, 0.0055, 0.009)
    assert (following.sent, following.lost, following.rtt_mean) == (1, 1, None)


@given(
    some.lists(
        some.tuples(some.sampled_from(["send", "answer", "expire"]), some.integers(0, REMEMBERED + 4), some.integers(0, 4000)), max_size=120
    )
)
def test_nothing_is_counted_twice_in_any_order(events: list[tuple[str, int, int]]) -> None:
    track, last = Track(0.0), 0
    for what, back, milliseconds in events:
        match what:
            case "send":
                last = track.sending(0)
            case "answer":
                track.answered((last - back) & 0xFFFF, milliseconds * MS, TIMEOUT)
            case _:
                track.expired(last - back)
        counts = track.counts()

        assert sum(counts.buckets) + counts.lost <= counts.sent
        assert counts.late <= counts.lost
