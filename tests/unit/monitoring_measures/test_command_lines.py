"""What command lines print, with the odd rows that make others give up: read row by row, the odd ones counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.cli import paragraphs
from monitoring.measures.cli.rows import same_port, wanted
from monitoring.measures.cli.tables import cisco
from monitoring.measures.optics.light import Light
from monitoring.observed import OpticsLimits, Validity

CISCO = """\
If device is externally calibrated, only calibrated values are printed.
++ : high alarm, +  : high warning, -  : low warning, -- : low alarm.
NA or N/A: not applicable, Tx: transmit, Rx: receive.
mA: milliamperes, dBm: decibels (milliwatts).

                                 Optical   Optical
           Temperature  Voltage  Tx Power  Rx Power
Port       (Celsius)    (Volts)  (dBm)     (dBm)
---------  -----------  -------  --------  --------
Gi1/0/49     33.1       3.29      -5.2      -7.1
Gi1/0/50     -4.5       3.31      -5.0     -31.2 --
Te1/1/1      38.6       3.31      -2.3     --
Te1/1/2      N/A        N/A       N/A       N/A
Te1/1/3      41.0 ++    3.30      -2.2      -Inf
Te1/1/4      what is    this
"""
CISCO_WITH_CURRENT = """\
                                              Optical   Optical
             Temperature  Voltage  Current   Tx Power  Rx Power
Port         (Celsius)    (Volts)  (mA)      (dBm)     (dBm)
---------    -----------  -------  --------  --------  --------
Te1/1/1      38.6         3.31     6.3       -2.3      -21.5
"""
JUNIPER = """\
Physical interface: xe-0/0/0
    Laser bias current                        :  6.120 mA
    Laser output power                        :  0.5840 mW / -2.34 dBm
    Module temperature                        :  30 degrees C / 87 degrees F
    Module voltage                            :  3.2890 V
    Receiver signal average optical power     :  0.0071 mW / -21.50 dBm
    Laser bias current high alarm             :  Off
    Laser rx power high alarm threshold       :  1.0000 mW / 0.00 dBm
    Laser rx power low alarm threshold        :  0.0015 mW / -28.24 dBm
    Flux capacitor                            :  1.21 GW
Physical interface: xe-0/0/1
    Laser output power                        :  0.5840 mW / -2.34 dBm
    Receiver signal average optical power     :  0.0000 mW / - Inf dBm
Physical interface: ge-0/0/2
    Optical diagnostics                       :  N/A
"""
HUAWEI = """\
GigabitEthernet0/0/1 transceiver diagnostic information:
  Parameter      Current      Low Alarm   High Alarm
  Type           Value        Threshold   Threshold   Status
  -----------------------------------------------------------
  TxPower(dBm)   -6.05        -11.50      -0.99       normal
  RxPower(dBm)   -35.22       -19.00      -0.99       abnormal
  Current(mA)    6.29         2.00        12.00       normal
  Temp.(Celsius) -3.00        -13.00      88.00       normal
  Voltage(V)     3.30         3.00        3.60        normal
XGigabitEthernet0/0/2 transceiver diagnostic information:
  TxPower(dBm)   --           --          --          -
  RxPower(dBm)   -Inf         -19.00      -0.99       abnormal
"""
MIKROTIK = """\
                       name: sfp1
                     status: link-ok
                sfp-rx-loss: no
               sfp-tx-fault: no
            sfp-temperature: 41C
         sfp-supply-voltage: 3.301V
        sfp-tx-bias-current: 6mA
               sfp-tx-power: -2.1dBm
               sfp-rx-power: -18.251dBm
"""
NOKIA = """\
===============================================================================
Ethernet Interface
===============================================================================
Interface          : 1/1/1                      Oper Speed       : 10 Gbps
===============================================================================
Transceiver Digital Diagnostic Monitoring (DDM), Internally Calibrated
===============================================================================
                              Value High Alarm  High Warn   Low Warn  Low Alarm
-------------------------------------------------------------------------------
Temperature (C)               +26.3      +98.0      +88.0      -43.0      -45.0
Supply Voltage (V)             3.24       4.12       3.60       3.00       2.80
Tx Bias Current (mA)           21.3       70.0       68.0        1.0        1.0
Tx Output Power (dBm)         -5.70       0.00      -2.00     -10.50     -12.50
Rx Optical Power (avg dBm)   -31.05!      2.00       1.00     -20.00     -24.00
===============================================================================
"""


def rx(light: Light) -> tuple[float | None, Validity]:
    return light.rx.dbm, light.rx.validity


def test_cisco_rows_with_dashes_flags_and_negative_numbers() -> None:
    printed = cisco(CISCO)

    assert {port: rx(light) for port, (light,) in printed.lights.items()} == {
        "Gi1/0/49": (-7.1, Validity.OK),
        "Gi1/0/50": (-31.2, Validity.OK),
        "Te1/1/1": (None, Validity.SENTINEL),
        "Te1/1/2": (None, Validity.SENTINEL),
        "Te1/1/3": (None, Validity.NO_LIGHT),
    }
    assert printed.lights["Gi1/0/50"][0].temperature_celsius == -4.5
    assert printed.unknown == ("Te1/1/4      what is    this",)


def test_cisco_with_a_column_of_current() -> None:
    (light,) = cisco(CISCO_WITH_CURRENT).lights["Te1/1/1"]

    assert (light.bias_amperes, light.tx.dbm, light.rx.dbm) == (0.0063, -2.3, -21.5)


def test_juniper() -> None:
    printed = paragraphs.read(paragraphs.JUNIPER, JUNIPER)
    (first,), (second,) = printed.lights["xe-0/0/0"], printed.lights["xe-0/0/1"]

    assert (rx(first), first.tx.dbm, first.bias_amperes, first.temperature_celsius) == ((-21.5, Validity.OK), -2.34, 0.00612, 30.0)
    assert first.limits == OpticsLimits(low_alarm=-28.24, high_alarm=0.0)
    assert rx(second) == (None, Validity.NO_LIGHT)
    assert "ge-0/0/2" not in printed.lights
    assert printed.unknown == ("Flux capacitor                            :  1.21 GW",)


def test_huawei() -> None:
    printed = paragraphs.read(paragraphs.HUAWEI_VRP, HUAWEI)
    (first,), (second,) = printed.lights["GigabitEthernet0/0/1"], printed.lights["XGigabitEthernet0/0/2"]

    assert (rx(first), first.tx.dbm, first.temperature_celsius, first.voltage_volts) == ((-35.22, Validity.OK), -6.05, -3.0, 3.3)
    assert first.limits == OpticsLimits(low_alarm=-19.0, high_alarm=-0.99)
    assert (rx(second), second.tx.validity) == ((None, Validity.NO_LIGHT), Validity.SENTINEL)
    assert printed.unknown == ()


@pytest.mark.parametrize(("loss", "expected"), [("no", (-18.251, Validity.OK)), ("yes", (None, Validity.NO_LIGHT))])
def test_mikrotik(loss: str, expected: tuple[float | None, Validity]) -> None:
    printed = paragraphs.read(paragraphs.MIKROTIK, MIKROTIK.replace("sfp-rx-loss: no", f"sfp-rx-loss: {loss}"))
    (light,) = printed.lights["sfp1"]

    assert (rx(light), light.tx.dbm, light.bias_amperes, light.los) == (expected, -2.1, 0.006, loss == "yes")


def test_nokia_with_a_flag_behind_its_value() -> None:
    printed = paragraphs.read(paragraphs.NOKIA, NOKIA)
    (light,) = printed.lights["1/1/1"]

    assert (rx(light), light.temperature_celsius, light.bias_amperes) == ((-31.05, Validity.OK), 26.3, 0.0213)
    assert light.limits == OpticsLimits(low_alarm=-24.0, low_warning=-20.0, high_warning=1.0, high_alarm=2.0)
    assert printed.unknown == ()


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("Gi1/0/49", "GigabitEthernet1/0/49", True),
        ("Te1/1/1", "TenGigabitEthernet1/1/1", True),
        ("Te1/1/1", "TenGigabitEthernet1/1/11", False),
        ("Te1/1/1", "GigabitEthernet1/1/1", False),
        ("xe-0/0/0", "xe-0/0/0", True),
        ("sfp1", "SFP1", True),
    ],
)
def test_names_of_ports(name: str, other: str, same: bool) -> None:
    assert same_port(name, other) is same


def test_ports_keep_the_name_that_we_have_for_them() -> None:
    found = wanted(cisco(CISCO).lights, ["GigabitEthernet1/0/49", "GigabitEthernet1/0/77"])

    assert list(found) == ["GigabitEthernet1/0/49"]


@given(
    some.sampled_from([CISCO, CISCO_WITH_CURRENT, JUNIPER, HUAWEI, MIKROTIK, NOKIA]),
    some.integers(0, 2000),
    some.text(max_size=40),
)
def test_rubbish_in_the_middle_is_never_an_error(good: str, place: int, rubbish: str) -> None:
    text = good[: place % len(good)] + rubbish + good[place % len(good) :]
    for printed in (cisco(text), *(paragraphs.read(style, text, "port") for style in STYLES)):
        for (light,) in printed.lights.values():
            assert light.rx.dbm is None or -40 < light.rx.dbm <= 10


STYLES = (paragraphs.JUNIPER, paragraphs.HUAWEI_VRP, paragraphs.MIKROTIK, paragraphs.NOKIA)
