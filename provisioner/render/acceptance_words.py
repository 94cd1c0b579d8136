"""An acceptance result in words, French and English."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from provisioner.observed.acceptance import Limit, Outcome, Reason, Result
from provisioner.plan.plan import CheckKind


class Language(StrEnum):
    """The languages that Teranga speaks."""

    FRENCH = "fr"
    ENGLISH = "en"


def language(locale: str) -> Language:
    """Return the language of a locale such as `fr_SN.UTF-8`."""
    return Language.FRENCH if locale.lower().startswith("fr") else Language.ENGLISH


_REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.ANSWERED: ("a répondu", "answered"),
    Reason.DROPPED: ("rejeté, et le compteur de la passerelle a monté", "dropped, and the gateway's counter rose"),
    Reason.LEASED: ("a reçu l’adresse réservée", "got the reserved address"),
    Reason.RESOLVED: ("nom résolu", "resolved"),
    Reason.READ_BACK: ("fiche enregistrée et relue par TLS", "record written and read back over TLS"),
    Reason.TUNNEL_UP: ("tunnel établi, écho reçu", "tunnel up, echo received"),
    Reason.ONLY_KNOWN_PORTS: ("aucun port d’écoute inconnu du plan", "no listening port that the plan does not know"),
    Reason.SILENT: ("aucune réponse", "no answer"),
    Reason.REFUSED: ("refusé : rien n’écoute à cette adresse", "refused: nothing listens there"),
    Reason.UNREACHABLE: ("aucune route : le paquet n’a pas atteint la passerelle", "no route: the packet did not reach the gateway"),
    Reason.STRANGER: ("un autre que notre témoin a répondu", "something other than our listener answered"),
    Reason.LET_THROUGH: ("la passerelle laisse passer ce qu’aucun flux ne déclare", "the gateway lets through what no flow declares"),
    Reason.COUNTER_STILL: (
        "silence, mais le compteur de rejet n’a pas monté : rien n’est prouvé",
        "silent, but the drop counter did not rise: nothing is proved",
    ),
    Reason.COUNTER_UNREAD: (
        "les compteurs de la passerelle sont illisibles : rien n’est prouvé",
        "the gateway's counters cannot be read: nothing is proved",
    ),
    Reason.LISTENER_DEAD: (
        "le témoin ne répond pas dans sa propre zone : rien n’est prouvé",
        "the listener does not answer in its own zone: nothing is proved",
    ),
    Reason.NO_LEASE: ("aucun bail DHCP obtenu", "no DHCP lease"),
    Reason.WRONG_ADDRESS: ("le bail n’est pas l’adresse réservée", "the lease is not the reserved address"),
    Reason.WRONG_RECORD: ("le DNS répond autre chose que le plan", "the DNS answers something else than the plan"),
    Reason.UNTRUSTED: ("certificat non reconnu par l’autorité du site", "certificate not trusted by the site's authority"),
    Reason.WRONG_ANSWER: ("le service ne répond pas comme attendu", "the service does not answer as expected"),
    Reason.NOT_READ_BACK: ("la fiche enregistrée n’a pas été relue", "the record written was not read back"),
    Reason.NO_HANDSHAKE: ("aucune poignée de main récente (180 s)", "no recent handshake (180 s)"),
    Reason.UNKNOWN_PORTS: ("port d’écoute inconnu du plan", "listening port that the plan does not know"),
    Reason.UNREADABLE: ("état illisible dans la machine", "state cannot be read in the guest"),
    Reason.PROBE_FAILED: ("la sonde a échoué", "the probe failed"),
    Reason.NO_VANTAGE: ("aucun point d’observation dans cette zone", "no vantage in this zone"),
    Reason.NO_CLIENT: ("aucun client connu pour ce protocole", "no client is known for this protocol"),
    Reason.NO_ROUTE_BY_DESIGN: (
        "le tunnel ne transporte que les préfixes des sites : ce paquet ne peut pas arriver",
        "the tunnel carries only the sites' prefixes: such a packet cannot arrive",
    ),
    Reason.NOT_ASKED: ("non demandé", "not asked for"),
}

_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PASSED: ("conforme", "passed"),
    Outcome.FAILED: ("non conforme", "failed"),
    Outcome.NOT_TESTED: ("non testé", "not tested"),
}

_KINDS: Mapping[CheckKind, tuple[str, str]] = {
    CheckKind.FLOW: ("Flux déclarés", "Declared flows"),
    CheckKind.BLOCKED: ("Paires de zones fermées", "Closed pairs of zones"),
    CheckKind.DHCP: ("Adresses réservées", "Reserved addresses"),
    CheckKind.DNS: ("Noms", "Names"),
    CheckKind.SERVICE: ("Services", "Services"),
    CheckKind.TUNNEL: ("Tunnels", "Tunnels"),
    CheckKind.LISTENING: ("Ports d’écoute", "Listening ports"),
}

_LIMITS: Mapping[Limit, tuple[str, str]] = {
    Limit.LAB: (
        "Répétition au laboratoire : des espaces de noms et des conteneurs tiennent lieu de câbles et de machines virtuelles.",
        "A rehearsal in the lab: namespaces and containers stand for cables and virtual machines.",
    ),
    Limit.SELECTION: ("Une partie seulement des contrôles a été demandée.", "Only some of the checks were asked for."),
}


def _pick(pair: tuple[str, str], to: Language) -> str:
    return pair[0] if to is Language.FRENCH else pair[1]


def sentence(result: Result, to: Language) -> str:
    """Return why a check ended as it did, with what was seen."""
    words = _pick(_REASONS[result.reason], to)
    return f"{words} ({result.seen})" if result.seen else words


def outcome(value: Outcome, to: Language) -> str:
    """Return an outcome in words."""
    return _pick(_OUTCOMES[value], to)


def kind(value: CheckKind, to: Language) -> str:
    """Return the heading of a kind of check."""
    return _pick(_KINDS[value], to)


def limit(value: Limit, to: Language) -> str:
    """Return a limit of the run in words."""
    return _pick(_LIMITS[value], to)
