"""Scripted breakdowns, each with what is true of it: the cause, and what must be blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from monitoring.incidents.incident import Cause
from monitoring.observed import (
    DeviceState,
    DownCause,
    MaintenanceWindow,
    Observed,
    OntState,
    OpticsReading,
    OtdrEvent,
    PathState,
    Reach,
    Validity,
)
from tests.unit.monitoring_meaning.district import SPLIT, district
from tests.unit.monitoring_meaning.networks import NOON, Scene, onts, seen

DISTRICT = district()
PON = tuple(f"thies-{number}" for number in range(SPLIT))
BARE_PON = tuple(f"thies-{number}" for number in range(SPLIT, 2 * SPLIT))
FEEDER = "thies--splitter-thies"
TRUNK = "kaolack--tamba"
LATER = NOON + 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One breakdown: `blamed` are segments, or, where no segment is to blame, the sites."""

    name: str
    cause: Cause
    blamed: frozenset[str]
    play: Callable[[Random], Observed]


def jittered(observed: Observed, random: Random, seconds: float = 1.5) -> Observed:
    """Return what was seen with each fall a little later, in an order of chance."""
    paths = [replace(one, since=one.since + random.random() * seconds) if one.reach is not Reach.UP else one for one in observed.paths]
    random.shuffle(paths)
    return replace(observed, paths=tuple(paths))


def ont(cause: DownCause | None, fell: float = NOON, *, gasp: float | None = None, reach: Reach = Reach.DOWN) -> OntState:
    return OntState(olt="", pon="", number=0, at=LATER - 5, reach=reach, last_down_at=fell, last_down_cause=cause, last_gasp_at=gasp)


def optics(device: str, segment: str, *, lit: bool, tx: float | None = None, at: float = LATER - 5) -> OpticsReading:
    validity = Validity.OK if lit else Validity.NO_LIGHT
    rx = -14.2 if lit else None
    return OpticsReading(device=f"router-{device}", port=f"to-{segment}", at=at, validity=validity, rx_dbm=rx, tx_dbm=tx)


def _with(scene: Scene, random: Random, *more: OntState | OpticsReading | DeviceState | MaintenanceWindow | OtdrEvent) -> Observed:
    base = jittered(seen(DISTRICT, scene, LATER), random)
    return replace(
        base,
        onts=tuple(one for one in more if isinstance(one, OntState)),
        optics=tuple(one for one in more if isinstance(one, OpticsReading)),
        devices=tuple(one for one in more if isinstance(one, DeviceState)),
        maintenance=tuple(one for one in more if isinstance(one, MaintenanceWindow)),
        otdr=tuple(one for one in more if isinstance(one, OtdrEvent)),
    )


def off_air(observed: Observed, sites: Iterable[str]) -> Observed:
    """Return what was seen with the radio of some sites down too: no power, no radio."""
    return replace(observed, paths=tuple(_no_radio(one) if one.site in set(sites) else one for one in observed.paths))


def _no_radio(path: PathState) -> PathState:
    return replace(path, reach=Reach.DOWN, since=NOON) if path.path == "4g" else path


def _los(sites: Iterable[str], random: Random) -> tuple[OntState, ...]:
    return tuple(one for name in sites for one in onts(DISTRICT, [name], ont(DownCause.LOS, NOON + random.random() * 4)))


def _gasps(sites: Iterable[str], random: Random) -> tuple[OntState, ...]:
    """Return ONTs whose OLT noted loss of signal, and the gasp that came with it."""
    found: list[OntState] = []
    for name in sites:
        fell = NOON + random.random() * 4
        found += onts(DISTRICT, [name], ont(DownCause.LOS, fell, gasp=fell - 0.01))
    return tuple(found)


def _work(*, segments: Iterable[str] = (), sites: Iterable[str] = (), end: float = NOON + 3600) -> MaintenanceWindow:
    return MaintenanceWindow(id="m1", start=NOON - 600, end=end, segments=frozenset(segments), sites=frozenset(sites), reason="soudure")


def _drop(number: int) -> str:
    return f"splitter-thies--thies-{number}" if number < SPLIT else f"thies--thies-{number}"


def _all_of(pole: str) -> frozenset[str]:
    return frozenset(one.name for one in DISTRICT.sites if pole in {one.pole, one.name})


def _blind_pole(random: Random) -> Observed:
    return jittered(seen(DISTRICT, Scene(unknown=_all_of("tamba"), reason="pôle tamba muet"), LATER), random)


def _blind_all(random: Random) -> Observed:
    watched = frozenset(one.name for one in DISTRICT.sites if one.paths)
    everything = seen(DISTRICT, Scene(off=watched), LATER)
    return replace(
        everything, blind="la sonde ne peut plus émettre", paths=tuple(replace(one, reach=Reach.UNKNOWN) for one in everything.paths)
    )


SEGMENT_CUTS = (
    Scenario(
        name="feeder, ONTs tell", cause=Cause.CUT, blamed=frozenset({FEEDER}), play=lambda r: _with(Scene(cut={FEEDER}), r, *_los(PON, r))
    ),
    Scenario(name="feeder, nobody tells", cause=Cause.CUT, blamed=frozenset({FEEDER}), play=lambda r: _with(Scene(cut={FEEDER}), r)),
    Scenario(
        name="feeder, old gasps of last week",
        cause=Cause.CUT,
        blamed=frozenset({FEEDER}),
        play=lambda r: _with(Scene(cut={FEEDER}), r, *(replace(one, last_gasp_at=NOON - 7 * 86400) for one in _los(PON, r))),
    ),
    Scenario(
        name="trunk of the ring, dark at both ends",
        cause=Cause.CUT,
        blamed=frozenset({TRUNK}),
        play=lambda r: _with(Scene(cut={TRUNK}), r, optics("kaolack", TRUNK, lit=False), optics("tamba", TRUNK, lit=False)),
    ),
    Scenario(
        name="trunk, one strand",
        cause=Cause.CUT,
        blamed=frozenset({TRUNK}),
        play=lambda r: _with(Scene(cut={TRUNK}), r, optics("kaolack", TRUNK, lit=False), optics("tamba", TRUNK, lit=True, tx=2.1)),
    ),
    Scenario(name="trunk, nobody tells", cause=Cause.CUT, blamed=frozenset({TRUNK}), play=lambda r: _with(Scene(cut={TRUNK}), r)),
    Scenario(
        name="drop, its ONT tells",
        cause=Cause.CUT,
        blamed=frozenset({_drop(3)}),
        play=lambda r: _with(Scene(cut={_drop(3)}), r, *_los(["thies-3"], r)),
    ),
    Scenario(
        name="fibre of a lone site, the OTDR tells",
        cause=Cause.CUT,
        blamed=frozenset({"thies--thies-16"}),
        play=lambda r: _with(Scene(cut={"thies--thies-16"}), r, OtdrEvent(segment="thies--thies-16", at=NOON + 40, km=7.31)),
    ),
    Scenario(
        name="PON whose feeder is not drawn",
        cause=Cause.CUT,
        blamed=frozenset(BARE_PON),
        play=lambda r: _with(Scene(cut={_drop(n) for n in range(SPLIT, 2 * SPLIT)}), r, *_los(BARE_PON, r)),
    ),
    Scenario(
        name="feeder and, elsewhere, a trunk",
        cause=Cause.CUT,
        blamed=frozenset({FEEDER, TRUNK}),
        play=lambda r: _with(Scene(cut={FEEDER, TRUNK}), r, *_los(PON, r)),
    ),
)
POWER = (
    Scenario(
        name="one site, LOS and gasp",
        cause=Cause.POWER,
        blamed=frozenset({"thies-3"}),
        play=lambda r: off_air(_with(Scene(off={"thies-3"}), r, *_gasps(["thies-3"], r)), ["thies-3"]),
    ),
    Scenario(
        name="the ONT's power only",
        cause=Cause.POWER,
        blamed=frozenset({"thies-4"}),
        play=lambda r: _with(Scene(off={"thies-4"}), r, *_gasps(["thies-4"], r)),
    ),
    Scenario(
        name="the quarter's grid: a whole PON gasps",
        cause=Cause.POWER,
        blamed=frozenset(PON),
        play=lambda r: off_air(_with(Scene(off=PON), r, *_gasps(PON, r)), PON),
    ),
    Scenario(
        name="the quarter's grid: two gasps are lost",
        cause=Cause.POWER,
        blamed=frozenset(PON),
        play=lambda r: off_air(_with(Scene(off=PON), r, *_gasps(PON[:6], r), *_los(PON[6:], r)), PON),
    ),
    Scenario(
        name="the cause itself says gasp",
        cause=Cause.POWER,
        blamed=frozenset({"thies-5"}),
        play=lambda r: off_air(_with(Scene(off={"thies-5"}), r, *onts(DISTRICT, ["thies-5"], ont(DownCause.DYING_GASP))), ["thies-5"]),
    ),
)
EQUIPMENT = (
    Scenario(
        name="light but no IP",
        cause=Cause.EQUIPMENT,
        blamed=frozenset({_drop(5)}),
        play=lambda r: _with(Scene(off={"thies-5"}), r, *onts(DISTRICT, ["thies-5"], ont(None, reach=Reach.UP))),
    ),
    Scenario(
        name="trunk lit at both ends",
        cause=Cause.EQUIPMENT,
        blamed=frozenset({TRUNK}),
        play=lambda r: _with(Scene(cut={TRUNK}), r, optics("kaolack", TRUNK, lit=True), optics("tamba", TRUNK, lit=True)),
    ),
    Scenario(
        name="one end dark, the laser unconfirmed",
        cause=Cause.EQUIPMENT,
        blamed=frozenset({TRUNK}),
        play=lambda r: _with(Scene(cut={TRUNK}), r, optics("kaolack", TRUNK, lit=False), optics("tamba", TRUNK, lit=True)),
    ),
    Scenario(
        name="silent OLT of a pole that answers",
        cause=Cause.EQUIPMENT,
        blamed=frozenset({*PON, *BARE_PON}),
        play=lambda r: _with(Scene(off={*PON, *BARE_PON}), r, DeviceState(device="olt-thies", reach=Reach.DOWN, since=NOON)),
    ),
    Scenario(
        name="a router that still carries the next site",
        cause=Cause.EQUIPMENT,
        blamed=frozenset({"thies-18"}),
        play=lambda r: _with(Scene(off={"thies-18"}), r),
    ),
)
MAINTENANCE = (
    Scenario(
        name="announced splice on the feeder",
        cause=Cause.MAINTENANCE,
        blamed=frozenset({FEEDER}),
        play=lambda r: _with(Scene(cut={FEEDER}), r, _work(segments={FEEDER}), *_los(PON, r)),
    ),
    Scenario(
        name="announced work on a site's power",
        cause=Cause.MAINTENANCE,
        blamed=frozenset({"thies-3"}),
        play=lambda r: off_air(_with(Scene(off={"thies-3"}), r, _work(sites={"thies-3"}), *_gasps(["thies-3"], r)), ["thies-3"]),
    ),
    Scenario(
        name="work was announced elsewhere",
        cause=Cause.CUT,
        blamed=frozenset({FEEDER}),
        play=lambda r: _with(Scene(cut={FEEDER}), r, _work(segments={TRUNK}), *_los(PON, r)),
    ),
    Scenario(
        name="work was over before",
        cause=Cause.CUT,
        blamed=frozenset({FEEDER}),
        play=lambda r: _with(Scene(cut={FEEDER}), r, _work(segments={FEEDER}, end=NOON - 60), *_los(PON, r)),
    ),
)
BLIND = (
    Scenario(name="a pole's collector is silent", cause=Cause.BLIND, blamed=_all_of("tamba"), play=_blind_pole),
    Scenario(
        name="the probe itself is cut off",
        cause=Cause.BLIND,
        blamed=frozenset(one.name for one in DISTRICT.sites if one.paths),
        play=_blind_all,
    ),
)
UNDETERMINED = (
    Scenario(
        name="a lone site, nobody tells",
        cause=Cause.UNDETERMINED,
        blamed=frozenset({"thies--thies-16"}),
        play=lambda r: _with(Scene(off={"thies-16"}), r),
    ),
    Scenario(
        name="a whole pole with both its links",
        cause=Cause.UNDETERMINED,
        blamed=frozenset({"thies--kaolack", TRUNK}),
        play=lambda r: off_air(_with(Scene(off=_all_of("kaolack"), cut={"thies--kaolack", TRUNK}), r), _all_of("kaolack")),
    ),
    Scenario(
        name="two lone sites of one pole within seconds",
        cause=Cause.UNDETERMINED,
        blamed=frozenset({"thies--thies-16", "thies--thies-17"}),
        play=lambda r: _with(Scene(off={"thies-16", "thies-17"}), r),
    ),
)
SCENARIOS = (*SEGMENT_CUTS, *POWER, *EQUIPMENT, *MAINTENANCE, *BLIND, *UNDETERMINED)
