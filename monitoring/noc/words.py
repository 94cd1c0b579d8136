"""The page's French: a word for every state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitoring.incidents.incident import CAUSE_FR, Confidence, Kind, Stage
from monitoring.noc.view import State, Watching
from monitoring.observed import DownCause, Reach, Validity
from monitoring.sla.history import ServiceState
from monitoring.topology import Medium, SiteKind

STATE: Mapping[State, str] = MappingProxyType({
    State.DOWN: "hors service",
    State.UNKNOWN: "inconnu",
    State.DEGRADED: "dégradé",
    State.MAINTENANCE: "maintenance",
    State.UP: "en service",
})  # fmt: skip
STATE_IN_URL: Mapping[State, str] = MappingProxyType({state: word.replace(" ", "-").replace("é", "e") for state, word in STATE.items()})
SERVICE = MappingProxyType({
    ServiceState.UP: "en service",
    ServiceState.DOWN: "hors service",
    ServiceState.MAINTENANCE: "maintenance",
    ServiceState.UNKNOWN: "inconnu",
    ServiceState.ABSENT: "non surveillé",
})  # fmt: skip
REACH = MappingProxyType({Reach.UP: "répond", Reach.DOWN: "ne répond pas", Reach.UNKNOWN: "inconnu"})
HEALTH = MappingProxyType({Reach.UP: "bon", Reach.DOWN: "en panne", Reach.UNKNOWN: "inconnu"})
KIND = MappingProxyType({Kind.OUTAGE: "hors service", Kind.BLIND: "sans visibilité", Kind.REDUNDANCY: "redondance perdue"})
SITE = MappingProxyType({SiteKind.HUB: "hub", SiteKind.POLE: "pôle", SiteKind.CENTRE: "commune"})
MEDIUM = MappingProxyType({Medium.FIBRE: "fibre", Medium.RADIO: "radio (4G)"})
CONFIDENCE = MappingProxyType({Confidence.CONFIRMED: "confirmée", Confidence.LIKELY: "probable", Confidence.OPEN: "à vérifier"})
STAGE = MappingProxyType({Stage.OPEN: "en cours", Stage.RECOVERING: "rétablissement", Stage.CLOSED: "clos"})
VALIDITY = MappingProxyType({
    Validity.OK: "lue",
    Validity.NO_LIGHT: "plus de lumière",
    Validity.ABSENT: "pas de mesure",
    Validity.SENTINEL: "valeur absente",
    Validity.OUT_OF_RANGE: "valeur impossible",
    Validity.UNREADABLE: "réponse illisible",
    Validity.UNREACHABLE: "l’OLT ne répond pas",
    Validity.STALE: "trop ancienne",
})  # fmt: skip
DOWN_CAUSE = MappingProxyType({
    DownCause.DYING_GASP: "dernier soupir (plus de courant)",
    DownCause.LOS: "perte du signal (LOS)",
    DownCause.LOSI: "perte du signal de cet ONT (LOSi)",
    DownCause.LOFI: "perte de trame (LOFi)",
    DownCause.SFI: "signal dégradé (SFi)",
    DownCause.OTHER: "autre",
})  # fmt: skip
WATCHING = MappingProxyType({
    Watching.RING_OPEN: "anneau ouvert",
    Watching.MARGIN: "marge optique",
    Watching.STEP: "marche",
    Watching.DRIFT: "dérive",
    Watching.LASER: "laser",
    Watching.LOSS: "pertes",
    Watching.DELAY: "délai",
})  # fmt: skip
CAUSE = MappingProxyType(CAUSE_FR)
