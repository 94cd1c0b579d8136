"""The words of the inventory: names, addresses and numbers that are right or refused with a remedy."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ZONE = re.compile(r"[a-z][a-z0-9-]{0,30}")
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{2,63}")
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # 32 bytes in base64, RFC 4648
_HEALTH = re.compile(r"(/[a-z0-9._-]+)+")
_UDEV_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
_GUEST_PREFIX = "02:54:"
_GROUP_BIT = 0x01  # IEEE 802-2014, 8.2.2: the I/G bit
_LABEL_RULE = "lower-case letters, digits and hyphens, at most 63 characters (RFC 1123, 2.1)"


class Written(BaseModel):
    """Base of what can be written: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def refusal(what: str, hint: str = "") -> PydanticCustomError:
    """Return the error of a value: what is wrong and how to mend it."""
    return PydanticCustomError("teranga", "{what}", {"what": what, "hint": hint})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refusal(f"{value!r} is not text", "write it in quotes")
    return value


def _matching(value: object, pattern: re.Pattern[str], kind: str, rule: str) -> str:
    text = _text(value)
    if not pattern.fullmatch(text):
        raise refusal(f"`{text}` is not {kind}", rule)
    return text


def _label(value: object) -> str:
    return _matching(value, _LABEL, "a domain label", _LABEL_RULE)


def _domain(value: object) -> str:
    text = _text(value)
    for label in text.split("."):
        _matching(label, _LABEL, f"a domain label (in `{text}`)", _LABEL_RULE)
    return text


def _zone(value: object) -> str:
    return _matching(value, _ZONE, "the name of a zone", "lower-case letters, digits and hyphens")


def _database(value: object) -> str:
    return _matching(value, _DATABASE, "the name of a database", "lower-case letters, digits and underscores, at most 63")


def _health(value: object) -> str:
    return _matching(value, _HEALTH, "the path of a health probe", "for example /sante")


def _serial(value: object) -> str:
    return _matching(value, _SERIAL, "a serial number", "copy it from the label: letters, digits and . _ / -, at least 3")


def _public_key(value: object) -> str:
    return _matching(
        value, _PUBLIC_KEY, "a WireGuard public key", "44 characters, as `wg pubkey` prints them; the private key stays on the device"
    )


def _mac(value: object) -> str:
    if not isinstance(value, str):
        raise refusal(f"{value!r} is not a MAC address", "write six pairs of hexadecimal digits in quotes")
    text = value.lower().replace("-", ":")
    if not _MAC.fullmatch(text):
        raise refusal(f"`{value}` is not a MAC address", "six pairs of hexadecimal digits, for example 00:00:5e:00:53:01")
    if int(text[:2], 16) & _GROUP_BIT:
        raise refusal(f"MAC address {text} is a group address", "a device's own address has an even first byte (IEEE 802)")
    if text == "00:00:00:00:00:00":
        raise refusal("MAC address 00:00:00:00:00:00 belongs to no device", "read it from the label of the device")
    if text.startswith(_GUEST_PREFIX):
        raise refusal(f"MAC address {text} lies in the range of Teranga's guests, 02:54", "read it from the label of the device")
    return text


def _udev_key(value: object) -> str:
    return _matching(value, _UDEV_KEY, "a udev property", "as `udevadm info` prints it, for example ID_SERIAL_SHORT")


def _address(value: object) -> IPv4Address:
    try:
        return IPv4Address(_text(value))
    except AddressValueError as error:
        raise refusal(f"`{value}` is not an IPv4 address", str(error)) from error


def _network(value: object) -> IPv4Network:
    try:
        return IPv4Network(_text(value))
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise refusal(f"`{value}` is not an IPv4 prefix", str(error)) from error


def _shown(pattern: re.Pattern[str], rule: str) -> WithJsonSchema:
    """Return what an editor is told of a word that only its own validator knows."""
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern.pattern})$", "description": rule})


Label = Annotated[str, BeforeValidator(_label), _shown(_LABEL, _LABEL_RULE)]
Domain = Annotated[str, BeforeValidator(_domain), _shown(re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*"), "labels joined by dots")]
ZoneName = Annotated[str, BeforeValidator(_zone), _shown(_ZONE, "the name of a zone")]
DatabaseName = Annotated[str, BeforeValidator(_database), _shown(_DATABASE, "lower-case letters, digits and underscores")]
HealthPath = Annotated[str, BeforeValidator(_health), _shown(_HEALTH, "the path of a health probe")]
Mac = Annotated[
    str, BeforeValidator(_mac), _shown(re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}"), "six pairs of hexadecimal digits, in quotes")
]
Serial = Annotated[str, BeforeValidator(_serial), _shown(_SERIAL, "a serial number, as the label has it")]
UdevKey = Annotated[str, BeforeValidator(_udev_key), _shown(_UDEV_KEY, "a udev property")]
PublicKey = Annotated[str, BeforeValidator(_public_key), _shown(_PUBLIC_KEY, "a WireGuard public key")]
Address = Annotated[IPv4Address, BeforeValidator(_address), _shown(re.compile(r"[0-9]+(\.[0-9]+){3}"), "an IPv4 address")]
Prefix = Annotated[IPv4Network, BeforeValidator(_network), _shown(re.compile(r"[0-9]+(\.[0-9]+){3}/[0-9]+"), "an IPv4 prefix")]
Title = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=120)]
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0)]
Some = Annotated[StrictInt, Field(ge=1)]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
Vlan = Annotated[StrictInt, Field(ge=1, le=4094)]  # IEEE 802.1Q, 9.6: 0 and 4095 are reserved
