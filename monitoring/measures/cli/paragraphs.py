"""Command lines that print one quantity per line under the name of its port: Huawei, Juniper, MikroTik, Nokia; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from monitoring.measures.cli.rows import Printed, number, scaled
from monitoring.measures.optics.light import Light, Power, from_text, some_limits
from monitoring.observed import OpticsLimits, Validity

Words = Mapping[str, str]  # the value of each quantity that was printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a family prints: the line that names a port, the quantities by the start of their line, what is no value at all."""

    port: re.Pattern[str]
    quantities: Mapping[str, re.Pattern[str]]
    other: re.Pattern[str]
    light: Callable[[Words], Light]


def read(style: Style, text: str, port: str = "") -> Printed:
    """Return the light of every port; `port` is whose output it is where it does not say so itself."""
    lights: dict[str, tuple[Light, ...]] = {}
    unknown: list[str] = []
    for name, lines in _paragraphs(style, text, port):
        words: dict[str, str] = {}
        for line in lines:
            quantity, value = _quantity(style, line)
            if quantity:
                words.setdefault(quantity, value)
            elif not style.other.search(line):
                unknown.append(line.strip())
        if words and name:
            lights[name] = (style.light(words),)
    return Printed(lights=lights, unknown=tuple(unknown))


def _paragraphs(style: Style, text: str, port: str) -> Iterator[tuple[str, list[str]]]:
    name, lines = port, list[str]()
    for line in text.splitlines():
        if found := style.port.search(line):
            yield name, lines
            name, lines = found.group(1), []
        elif line.strip():
            lines.append(line)
    yield name, lines


def _quantity(style: Style, line: str) -> tuple[str, str]:
    for name, pattern in style.quantities.items():
        if found := pattern.search(line):
            return name, found.group(1).strip()
    return "", ""


def _power(words: Words, name: str) -> Power:
    if name not in words:
        return Power.none(Validity.ABSENT)
    word = words[name].lower().replace("- inf", "-inf").rstrip("!*+ ")
    return from_text(word)


def _plain(words: Words) -> Light:
    """Return the light of quantities in dBm, mA, degrees and volts."""
    los = {"yes": True, "on": True, "no": False, "off": False}.get(words.get("los", "").lower())
    return Light(
        rx=Power.none(Validity.NO_LIGHT) if los else _power(words, "rx"),
        tx=_power(words, "tx"),
        bias_amperes=scaled(words.get("bias"), 1e-3),
        temperature_celsius=scaled(words.get("temperature"), 1.0),
        voltage_volts=scaled(words.get("voltage"), 1.0),
        los=los,
        limits=_limits(words),
    )


def _limits(words: Words) -> OpticsLimits | None:
    def of(name: str) -> float | None:
        return number(words[name]) if name in words else None

    limits = OpticsLimits(
        low_alarm=of("low_alarm"), low_warning=of("low_warning"), high_warning=of("high_warning"), high_alarm=of("high_alarm")
    )
    return some_limits(limits)


def _vrp(words: Words) -> Light:
    """Return the light of a row `RxPower(dBm)  -21.50  -28.00  -7.00  normal`: value, low and high alarm."""
    return _plain({**words, **_columns(words.get("rx", ""), ("rx", "low_alarm", "high_alarm"))})


def _nokia(words: Words) -> Light:
    """Return the light of a row of value, high alarm, high warning, low warning, low alarm."""
    return _plain({**words, **_columns(words.get("rx", ""), ("rx", "high_alarm", "high_warning", "low_warning", "low_alarm"))})


def _columns(row: str, names: tuple[str, ...]) -> Words:
    return dict(zip(names, row.replace("- Inf", "-Inf").split(), strict=False))


def _line(start: str, value: str = r"(\S+)") -> re.Pattern[str]:
    return re.compile(rf"^\s*{start}{value}", re.IGNORECASE)


_DBM = r"[^:]*:\s*[-\d.]+\s*mW\s*/\s*(-\s*Inf|[-+]?[\d.]+)\s*dBm"
JUNIPER = Style(
    port=re.compile(r"^Physical interface:\s*(\S+?),?\s*$"),
    quantities={
        "bias": _line(r"Laser bias current\s*:\s*"),
        "tx": _line(r"Laser output power\s*", _DBM),
        "temperature": _line(r"Module temperature\s*:\s*"),
        "voltage": _line(r"Module voltage\s*:\s*"),
        "high_alarm": _line(r"Laser rx power high alarm threshold\s*", _DBM),
        "low_alarm": _line(r"Laser rx power low alarm threshold\s*", _DBM),
        "high_warning": _line(r"Laser rx power high warning threshold\s*", _DBM),
        "low_warning": _line(r"Laser rx power low warning threshold\s*", _DBM),
        "rx": _line(r"(?:Receiver signal average optical power|Laser (?:rx|receiver) power)\s*", _DBM),
    },
    other=re.compile(r"(alarm|warning)(\s+threshold)?\s*:|Lane|^\s*(Wavelength|Optical)", re.IGNORECASE),
    light=_plain,
)
_VRP_VALUE = r"\s+(\S+)"
HUAWEI_VRP = Style(
    port=re.compile(r"^\s*(\S+?)\s+transceiver diagnostic information", re.IGNORECASE),
    quantities={
        "tx": _line(r"Tx\s?Power\s*\(dBm\)", _VRP_VALUE),
        "rx": _line(r"Rx\s?Power\s*\(dBm\)", r"\s+(\S.*)"),
        "bias": _line(r"Current\s*\(mA\)", _VRP_VALUE),
        "temperature": _line(r"Temp(?:\.|erature)?\s*\(\s*(?:Celsius|.?C)\s*\)", _VRP_VALUE),
        "voltage": _line(r"Voltage\s*\(V\)", _VRP_VALUE),
    },
    other=re.compile(r"^\s*(Parameter|Type|-+|Value|Threshold)", re.IGNORECASE),
    light=_vrp,
)
MIKROTIK = Style(
    port=re.compile(r"^\s*name:\s*(\S+)"),
    quantities={
        "los": _line(r"sfp-rx-loss:\s*"),
        "temperature": _line(r"sfp-temperature:\s*"),
        "voltage": _line(r"sfp-supply-voltage:\s*"),
        "bias": _line(r"sfp-tx-bias-current:\s*"),
        "tx": _line(r"sfp-tx-power:\s*"),
        "rx": _line(r"sfp-rx-power:\s*"),
    },
    other=re.compile(r"^\s*[\w-]+:"),
    light=_plain,
)
NOKIA = Style(
    port=re.compile(r"^Interface\s*:\s*(\S+)"),
    quantities={
        "temperature": _line(r"Temperature \(C\)\s+"),
        "voltage": _line(r"Supply Voltage \(V\)\s+"),
        "bias": _line(r"Tx Bias Current \(mA\)\s+"),
        "tx": _line(r"Tx Output Power \(dBm\)\s+"),
        "rx": _line(r"Rx Optical Power \([^)]*dBm\)\s+", r"(\S.*)"),
    },
    other=re.compile(r"^\s*([=-]+|Value|Transceiver|Optical|Ethernet|[\w /]+:)|High Alarm", re.IGNORECASE),
    light=_nokia,
)
