"""The few kinds of panels that the dashboards are made of, as Grafana's JSON (schema version 39)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Json = dict[str, object]
DATASOURCE: Json = {"type": "prometheus", "uid": "${source}"}
_NOTHING: Json = {"text": "", "value": ""}  # Grafana takes the first one, or its default source
_WIDTH = 24  # columns of Grafana's grid
_LINK: Json = {
    "type": "dashboards",
    "title": "Teranga",
    "tags": ["teranga"],
    "asDropdown": True,
    "keepTime": True,
    "includeVars": False,
    "icon": "external link",
    "tooltip": "",
    "targetBlank": False,
    "url": "",
}
_UP, _DOWN, _WARNING, _UNKNOWN = "#1a7f45", "#c4262e", "#c77700", "#7f63c9"


class Kind(StrEnum):
    """A panel's type, Grafana's word."""

    LINES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"
    STATES = "state-timeline"


_OPTIONS: Mapping[Kind, Json] = MappingProxyType({
    Kind.LINES: {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["min", "mean", "max", "lastNotNull"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    Kind.NUMBER: {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    },
    Kind.TABLE: {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
    Kind.STATES: {
        "showValue": "never",
        "mergeValues": True,
        "rowHeight": 0.8,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    },
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One expression and what its series are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `bad` is the value from which it turns red (below it if `low`); `columns` renames a table's labels."""

    title: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    unit: str = "short"
    width: int = 12
    height: int = 8
    bad: float | None = None
    low: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; `variables` are (name, label, query) of Grafana's label_values."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[tuple[str, str, str], ...] = ()
    hours: int = 24


def rendered(dashboard: Dashboard) -> Json:
    """Return the dashboard as Grafana reads it; panels flow from left to right."""
    source: Json = {
        "name": "source",
        "label": "Source",
        "type": "datasource",
        "query": "prometheus",
        "current": _NOTHING,
        "hide": 0,
        "refresh": 1,
    }
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["teranga"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "utc",
        "time": {"from": f"now-{dashboard.hours}h", "to": "now"},
        "templating": {"list": [source, *(_variable(*one) for one in dashboard.variables)]},
        "annotations": {"list": []},
        "links": [_LINK],
        "panels": _placed(dashboard.panels),
    }


def _placed(panels: Sequence[Panel]) -> list[Json]:
    """Return the panels from left to right, a new row where one is full."""
    placed, x, y, tallest = [], 0, 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _WIDTH:
            x, y, tallest = 0, y + tallest, 0
        placed.append(_panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return placed


def _variable(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": query,
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "includeAll": False,
        "multi": False,
        "hide": 0,
        "current": _NOTHING,
    }


def _panel(panel: Panel, number: int, place: Json) -> Json:
    made: Json = {
        "id": number,
        "type": str(panel.kind),
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": place,
        "targets": [_target(query, letter, panel.kind) for query, letter in zip(panel.queries, "ABCDEFGH", strict=False)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }
    if panel.help:
        made["description"] = panel.help
    if panel.kind is Kind.TABLE:
        made["transformations"] = _columns(panel.columns)
    return made


def _target(query: Query, letter: str, kind: Kind) -> Json:
    instant = kind in {Kind.TABLE, Kind.NUMBER}
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": instant,
        "range": not instant,
        "format": "table" if kind is Kind.TABLE else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    good, bad = (_DOWN, _UP) if panel.low else (_UP, _DOWN)
    steps: list[Json] = [{"color": good if panel.bad is not None else "text", "value": None}]
    if panel.bad is not None:
        steps.append({"color": bad, "value": panel.bad})
    found: Json = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    if panel.kind is Kind.LINES:
        found["color"] = {"mode": "palette-classic"}
        # A hole is a hole: what nobody measured is not drawn as if it had been.
        found["custom"] = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 5, "spanNulls": False, "showPoints": "auto"}
    if panel.kind is Kind.STATES:
        found["mappings"] = [_states()]
    return found


def _states() -> Json:
    words = {"0": ("ne répond pas", _DOWN), "1": ("répond", _UP)}
    options = {value: {"text": text, "color": colour, "index": int(value)} for value, (text, colour) in words.items()}
    return {"type": "value", "options": options}


def _columns(columns: Sequence[tuple[str, str]]) -> list[Json]:
    names: Json = dict(columns)
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {"id": "organize", "options": {"renameByName": names, "indexByName": {name: place for place, name in enumerate(names)}}},
    ]
