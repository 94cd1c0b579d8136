"""Every unit and every word for "no value" of the seven families, as the devices write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.measures.optics import cisco, huawei_vrp, huawei_xpon, juniper, mikrotik, nokia, zte
from monitoring.measures.optics.light import NO_VALUE, Light, Power, Value, from_text
from monitoring.observed import DownCause, OpticsLimits, Reach, Validity

OK = Validity.OK


def told(power: Power) -> tuple[float | None, Validity]:
    return power.dbm, power.validity


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [
        (-2150, -21.5, OK),  # negative: hundredths of dBm
        (501, -3.002, OK),  # positive: microwatts
        (1, -30.0, OK),
        (0, None, Validity.NO_LIGHT),  # zero microwatts
        (-1, None, Validity.SENTINEL),
        (-255, None, Validity.SENTINEL),
        (NO_VALUE, None, Validity.SENTINEL),
        (-4000, None, Validity.NO_LIGHT),
        (-4500, None, Validity.NO_LIGHT),
        (20_000, None, Validity.OUT_OF_RANGE),  # 20 mW is 13 dBm: no receiver survives it
        (None, None, Validity.ABSENT),
        ("rubbish", None, Validity.UNREADABLE),
    ],
)
def test_huawei_router_power(raw: Value, dbm: float | None, validity: Validity) -> None:
    (light,) = huawei_vrp.decode({"rx": raw})

    assert told(light.rx) == (dbm, validity)


def test_huawei_router_lanes_are_text_and_may_be_minus_infinity() -> None:
    lights = huawei_vrp.decode({"rx": -1, "lanes_rx": b"-215,-3050,-Inf,--", "lanes_tx": b"-120,-110,-130,-100"})

    assert [told(light.rx) for light in lights] == [(-2.15, OK), (-30.5, OK), (None, Validity.NO_LIGHT), (None, Validity.SENTINEL)]
    assert [light.tx.dbm for light in lights] == [-1.2, -1.1, -1.3, -1.0]


def test_huawei_router_limits_that_nobody_set_are_none() -> None:
    (set_,) = huawei_vrp.decode({"rx": -900, "low_alarm": -2823, "high_alarm": 100})
    (unset,) = huawei_vrp.decode({"rx": -900, "low_alarm": -1, "high_alarm": -255})

    assert set_.limits == OpticsLimits(low_alarm=-28.23, high_alarm=1.0)
    assert unset.limits is None


def test_huawei_router_module_values_are_in_base_units() -> None:
    (light,) = huawei_vrp.decode({"rx": -900, "bias": 6250, "temperature": 41, "voltage": 3298})

    assert (light.bias_amperes, light.temperature_celsius, light.voltage_volts) == (0.00625, 41.0, 3.298)


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [(-2215, -22.15, OK), (NO_VALUE, None, Validity.SENTINEL), (None, None, Validity.ABSENT), (-4000, None, Validity.NO_LIGHT)],
)
def test_huawei_ont_receives_hundredths(raw: Value, dbm: float | None, validity: Validity) -> None:
    light, _ = huawei_xpon.light({"rx": raw})

    assert told(light.rx) == (dbm, validity)


def test_huawei_olt_receives_with_an_offset_of_ten_thousand() -> None:
    assert told(huawei_xpon.light({"olt_rx": 7650})[1]) == (-23.5, OK)
    assert told(huawei_xpon.light({"olt_rx": NO_VALUE})[1]) == (None, Validity.SENTINEL)
    assert told(huawei_xpon.light({})[1]) == (None, Validity.ABSENT)


def test_huawei_ont_columns_three_and_five_are_power_and_voltage() -> None:
    assert huawei_xpon.OPTICS["tx"].endswith(".51.1.3")
    assert huawei_xpon.OPTICS["voltage"].endswith(".51.1.5")
    light, _ = huawei_xpon.light({"tx": 228, "voltage": 3300, "temperature": 45})

    assert (light.tx.dbm, light.voltage_volts, light.temperature_celsius) == (2.28, 3.3, 45.0)


def test_huawei_ont_rows_are_those_of_all_onts_not_of_those_online() -> None:
    assert {oid.split(".")[-3] for oid in huawei_xpon.FALL.values()} == {"46"}


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (1, DownCause.LOS),
        (2, DownCause.LOSI),
        (3, DownCause.LOFI),
        (4, DownCause.LOFI),
        (9, DownCause.SFI),
        (13, DownCause.DYING_GASP),
        (15, DownCause.OTHER),
        (-1, None),
        (NO_VALUE, None),
        (None, None),
    ],
)
def test_huawei_ont_last_down_cause(raw: Value, cause: DownCause | None) -> None:
    assert huawei_xpon.condition({"state": 2, "cause": raw}).last_down_cause is cause


def test_huawei_ont_state_and_moments() -> None:
    down_at = bytes([0x07, 0xEA, 11, 25, 14, 30, 5, 0])
    found = huawei_xpon.condition({"state": 2, "last_down": down_at, "last_gasp": bytes(8), "distance": 4125})

    assert (found.reach, found.last_down_at, found.last_gasp_at, found.distance_m) == (Reach.DOWN, 1795617005.0, None, 4125.0)
    assert huawei_xpon.condition({"state": 1, "distance": -1}) == huawei_xpon.condition({"state": 1})
    assert [huawei_xpon.condition({"state": raw}).reach for raw in (1, -1, None, "x")] == [Reach.UP, *[Reach.UNKNOWN] * 3]


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [
        (6000, -18.0, OK),  # 16 bits of 0.002 dB above -30 dBm
        (64_536, -32.0, OK),  # their two's complement
        (65_535, None, Validity.SENTINEL),
        (NO_VALUE, None, Validity.SENTINEL),
        (-80_000, None, Validity.NO_LIGHT),
        (-19_500, -19.5, OK),  # releases that write thousandths
        (None, None, Validity.ABSENT),
        ("N/A", None, Validity.UNREADABLE),
    ],
)
def test_zte_ont_power(raw: Value, dbm: float | None, validity: Validity) -> None:
    assert told(zte.light({"rx": raw})[0].rx) == (dbm, validity)


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [(-23_456, -23.456, OK), (-80_000, None, Validity.NO_LIGHT), (NO_VALUE, None, Validity.SENTINEL), (None, None, Validity.ABSENT)],
)
def test_zte_olt_power_is_thousandths(raw: Value, dbm: float | None, validity: Validity) -> None:
    assert told(zte.light({"olt_rx": raw})[1]) == (dbm, validity)


def test_zte_phases() -> None:
    found = {phase: zte.condition({"state": phase}) for phase in (1, 2, 3, 4, 5, 6, 7, None)}

    assert [phase for phase, condition in found.items() if condition.reach is Reach.UP] == [4]
    assert [phase for phase, condition in found.items() if condition.reach is Reach.DOWN] == [2, 5, 7]
    assert found[5].last_down_cause is DownCause.DYING_GASP


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [(5012, -3.0, OK), (10, -30.0, OK), (0, None, Validity.NO_LIGHT), (-1, None, Validity.OUT_OF_RANGE), (None, None, Validity.ABSENT)],
)
def test_nokia_power_is_tenths_of_a_microwatt(raw: Value, dbm: float | None, validity: Validity) -> None:
    (light,) = nokia.decode({"rx": raw})

    assert told(light.rx) == (dbm, validity)


def test_nokia_units_are_those_of_sff_8472() -> None:
    (light,) = nokia.decode({"rx": 525, "temperature": 10_368, "voltage": 32_950, "bias": 3120, "low_alarm": 298, "high_alarm": 49_136})

    assert (light.temperature_celsius, light.voltage_volts, light.bias_amperes) == (40.5, 3.295, 0.00624)
    assert light.limits == OpticsLimits(low_alarm=-15.258, high_alarm=6.914)
    assert nokia.decode({"rx": 525, "low_alarm": 0, "high_alarm": 0})[0].limits is None


@pytest.mark.parametrize(
    ("raw", "los", "dbm", "validity", "lost"),
    [
        (-18_250, 0, -18.25, OK, False),
        (-18_250, 2, -18.25, OK, False),  # TruthValue: false
        (-18_250, 1, None, Validity.NO_LIGHT, True),  # the device's own word beats its number
        (-40_000, 0, None, Validity.NO_LIGHT, False),
        (-18_250, None, -18.25, OK, None),
        (None, None, None, Validity.ABSENT, None),
    ],
)
def test_mikrotik_power_and_loss(raw: Value, los: Value, dbm: float | None, validity: Validity, lost: bool | None) -> None:
    (light,) = mikrotik.decode({"rx": raw, "los": los})

    assert (told(light.rx), light.los) == ((dbm, validity), lost)


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [(-1974, -19.74, OK), (-4000, None, Validity.NO_LIGHT), (NO_VALUE, None, Validity.SENTINEL), (None, None, Validity.ABSENT)],
)
def test_juniper_power_is_hundredths(raw: Value, dbm: float | None, validity: Validity) -> None:
    (light,) = juniper.decode({"rx": raw})

    assert told(light.rx) == (dbm, validity)


def test_juniper_low_limit_of_zero_is_unset_and_a_high_one_is_not() -> None:
    (light,) = juniper.decode({"rx": -1974, "low_alarm": 0, "low_warning": 0, "high_warning": 0, "high_alarm": 199})

    assert light.limits == OpticsLimits(high_warning=0.0, high_alarm=1.99)


def sensor(value: int, kind: int = 14, scale: int = 9, precision: int = 1, status: int = 1) -> dict[str, Value]:
    return {"value": value, "type": kind, "scale": scale, "precision": precision, "status": status}


@pytest.mark.parametrize(
    ("raw", "dbm", "validity"),
    [
        (sensor(-215), -21.5, OK),
        (sensor(-21_500, scale=8, precision=0), -21.5, OK),  # milli
        (sensor(50, kind=6, scale=7, precision=0), -13.01, OK),  # IOS-XR: micro watts
        (sensor(0, kind=6, scale=7, precision=0), None, Validity.NO_LIGHT),
        (sensor(-32_768), None, Validity.SENTINEL),
        (sensor(1_000_000_000), None, Validity.SENTINEL),
        (sensor(-400), None, Validity.NO_LIGHT),
        (sensor(-215, status=2), None, Validity.SENTINEL),  # unavailable
        (sensor(-215, kind=8), None, Validity.UNREADABLE),  # a thermometer
        ({"value": -215}, None, Validity.UNREADABLE),
        (None, None, Validity.ABSENT),
    ],
)
def test_cisco_sensor_has_its_own_scale(raw: dict[str, Value] | None, dbm: float | None, validity: Validity) -> None:
    (light,) = cisco.decode({"rx": raw} if raw is not None else {})

    assert told(light.rx) == (dbm, validity)


def test_cisco_bias_is_milliamperes_with_a_scale() -> None:
    (light,) = cisco.decode({"rx": sensor(-215), "bias": sensor(63, kind=5, scale=8, precision=1), "temperature": sensor(301, kind=8)})

    assert (light.bias_amperes, light.temperature_celsius) == (0.0063, 30.1)


@pytest.mark.parametrize(
    ("text", "dbm", "validity"),
    [
        ("-21.50", -21.5, OK),
        (" -21.50 dBm ", -21.5, OK),
        ("-Inf", None, Validity.NO_LIGHT),
        ("--", None, Validity.SENTINEL),
        ("N/A", None, Validity.SENTINEL),
        ("nan", None, Validity.UNREADABLE),
        ("inf", None, Validity.UNREADABLE),
        ("-40.00", None, Validity.NO_LIGHT),
        ("?", None, Validity.UNREADABLE),
    ],
)
def test_power_as_text(text: str, dbm: float | None, validity: Validity) -> None:
    assert told(from_text(text)) == (dbm, validity)


ANYTHING = some.one_of(some.none(), some.integers(-(2**40), 2**40), some.binary(max_size=12), some.text(max_size=12), some.floats())


@given(
    some.dictionaries(
        some.sampled_from(
            ["rx", "tx", "olt_rx", "lanes_rx", "low_alarm", "high_alarm", "bias", "temperature", "los", "state", "cause", "last_down"]
        ),
        ANYTHING,
    )
)
def test_rubbish_is_never_an_error_nor_a_power_that_no_receiver_reads(values: dict[str, Value]) -> None:
    lights: list[Light] = [zte.light(values)[0], huawei_xpon.light(values)[0], *cisco.decode({"rx": values})]
    for family in (huawei_vrp, juniper, mikrotik, nokia):
        lights += family.decode(values)
    huawei_xpon.condition(values)
    zte.condition(values)

    for light in lights:
        for power in (light.rx, light.tx):
            assert (power.dbm is not None) == (power.validity is OK)
            assert power.dbm is None or (math.isfinite(power.dbm) and -40 < power.dbm <= 10)
