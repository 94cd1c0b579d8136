"""After a converge no private key is found in a log of control, its inventory of the guests, or a guest's journal."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioner import places
from provisioner.adapters.ansible import HostResult
from tests.lab import canaries
from tests.roles.conftest import Bench

pytestmark = pytest.mark.roles


def test_no_key_is_found_in_the_logs_of_control_and_of_the_guests(bench: Bench, converged: Mapping[str, HostResult]) -> None:
    gateway = bench.centre.guests[0]
    tunnels = bench.way().run(gateway, "sudo sh -c 'cat /etc/wireguard/*.key'").split()
    secrets = {**canaries.of_site("kedougou"), **{f"tunnel {number}": (key.encode(),) for number, key in enumerate(tunnels)}}
    lines = "\n".join(text.decode() for texts in secrets.values() for text in texts)

    assert tunnels
    assert {"pki/ca.key", "secrets/ssh_ed25519"} < set(secrets)
    assert canaries.found_in(places.site("kedougou").root, secrets) == []
    for guest in bench.centre.guests:
        found = bench.way().attempt(
            guest, "cat > /tmp/canaries; sudo journalctl --no-pager -o cat | grep -cFf /tmp/canaries; rm /tmp/canaries", lines
        )
        assert found.stdout.strip() == "0", guest.name
