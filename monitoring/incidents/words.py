"""The engine's French: titles, evidence and what to do. Only words stand here, no decision."""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring import french
from monitoring.incidents.incident import Cause, Evidence
from monitoring.topology import Segment, SiteKind, Topology


def hour(moment: float) -> str:
    """Return a moment as people say it; Senegal keeps UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S}"


def some(names: tuple[str, ...], most: int = 3) -> str:
    """Return names, the first few of many."""
    return ", ".join(names[:most]) + (f" et {len(names) - most} autres" if len(names) > most else "")


def sites(topology: Topology, names: tuple[str, ...]) -> str:
    """Return sites by their titles, the first few of many."""
    return some(tuple(topology.site_by_name[name].title for name in names if name in topology.site_by_name))


def place(topology: Topology, name: str) -> str:
    """Return a site's title as an incident's; a pole's and a hub's already say what they are."""
    known = topology.site_by_name[name]
    return f"Site {known.title}" if known.kind is SiteKind.CENTRE else known.title


def segment(topology: Topology, name: str) -> str:
    """Return a segment's title."""
    known = topology.segment_by_id.get(name)
    return known.title if known else name


def segment_title(topology: Topology, names: tuple[str, ...], *, either: bool) -> str:
    """Return the title of blamed segments."""
    joint = " ou " if either else " et "
    return joint.join(segment(topology, name) for name in names)


def fell_together(count: int, seconds: float, place: str) -> Evidence:
    """Say that sites fell by one cause."""
    return Evidence(text=f"{count} sites touchés en {max(seconds, 1):.0f} s derrière {place}")


def gasps(count: int, total: int, moment: float) -> Evidence:
    """Say that ONTs lost power."""
    return Evidence(text=f"dernier soupir (perte d’alimentation) reçu de {count} ONT sur {total} à {hour(moment)}", at=moment)


def lost_light(count: int, seconds: float) -> Evidence:
    """Say that ONTs lost light without losing power."""
    spread = f" en {max(seconds, 1):.0f} s" if count > 1 else ""
    return Evidence(text=f"{count} ONT sans lumière{spread}, sans dernier soupir")


def lit_ont(names: str) -> Evidence:
    """Say that light arrives although nobody answers."""
    return Evidence(text=f"la lumière arrive mais IP ne répond pas : {names}")


def port(state: str, end: str, moment: float) -> Evidence:
    """Say what a segment's end sees."""
    return Evidence(text=f"extrémité {end} : {state}", at=moment)


def nearest(known: Segment, km: float) -> str:
    """Return the place on a segment's route that is nearest to a kilometre, or nothing."""
    titled = [point for point in known.points if point.title]
    if not titled:
        return ""
    point = min(titled, key=lambda one: abs(one.km - km))
    return f", près de {point.title}"


def kilometre(known: Segment, km: float, moment: float) -> Evidence:
    """Say where an OTDR saw the fibre end."""
    return Evidence(text=f"réflectomètre : fin de fibre au PK {french.number(km, 2)} depuis {known.ends[0]}{nearest(known, km)}", at=moment)


def action(cause: Cause, title: str, place: str) -> str:
    """Say who to send, and where."""
    match cause:
        case Cause.CUT:
            return f"Envoyer l’équipe fibre sur {title}{place or ' : localiser au réflectomètre'}"
        case Cause.POWER:
            return "Appeler le site : secteur, disjoncteur, onduleur. Ne pas envoyer l’équipe fibre"
        case Cause.EQUIPMENT:
            return f"Envoyer un technicien avec un équipement de rechange : {title}"
        case Cause.MAINTENANCE:
            return "Travaux annoncés : attendre leur fin"
        case Cause.BLIND:
            return "Rétablir la supervision ; ne rien conclure sur les sites"
        case Cause.UNDETERMINED:
            return f"Appeler le site, puis mesurer au réflectomètre : {title}"
