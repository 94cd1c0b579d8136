"""The size of a guest is a rule."""

from __future__ import annotations

from provisioner.model import Size


def test_a_size_grows_with_terminals_and_services_and_memory_is_rounded_up() -> None:
    size = Size(
        cores=1,
        memory=1000,
        disk=10,
        memory_per_terminal=8,
        memory_per_service=100,
        disk_per_service=8,
        terminals_per_core=25,
    )

    assert size.room(terminals=0, services=0) == (1, 1024, 10)
    assert size.room(terminals=26, services=2) == (2, 1536, 26)


def test_a_size_without_growth_is_its_base() -> None:
    assert Size(cores=2, memory=1024, disk=10).room(terminals=149, services=9) == (2, 1024, 10)
