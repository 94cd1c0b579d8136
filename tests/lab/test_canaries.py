"""No secret is found where it does not belong: arguments, what is said with -vv, logs, plan, state in clear, journal, golden files."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

import pytest

from provisioner import command, pki, places
from tests.lab import canaries
from tests.lab.conftest import Recorded

pytestmark = pytest.mark.lab

SITE = "kedougou"


def test_no_secret_is_found_in_arguments_words_files_and_state(recorded: Recorded) -> None:
    recorded.environment()  # makes the passphrase
    kept, password = places.site(SITE), places.lab() / "root-password"
    pki.issue(kept.pki, recorded.plan.domain, [pki.Server(name=f"database.{recorded.plan.domain}")], ["recettes"], datetime.now(UTC))
    pki.trust_next(kept.pki, recorded.plan.domain, datetime.now(UTC))
    secrets = {**canaries.of_site(SITE), password.name: canaries.forms(password.read_text())}
    argv = [sys.executable, "-m", "provisioner.cli.main", "-vv", "up", SITE]
    roots = {name: os.environ[name] for name in ("TERANGA_STATE", "TERANGA_CACHE", "TERANGA_INVENTORY") if name in os.environ}
    how = command.Run(env=command.environment(**roots), timeout=timedelta(minutes=5), cwd=places.CHECKOUT)

    with canaries.watched(secrets) as seen:
        run = command.attempt(argv, how)
    secrets |= canaries.of_site(SITE)  # and what the run made: control's key

    said = (run.stdout + run.stderr).encode()
    assert "infrastructure: done" in run.stdout  # then it wants the hubs, which are not there
    assert "hub-dakar" in run.stderr
    assert len(secrets) > 6
    assert seen == set()
    assert [name for name, texts in secrets.items() if any(one in said for one in texts)] == []
    assert canaries.found_in(places.state(), secrets) == []
    assert canaries.found_in(places.CHECKOUT / "tests" / "golden", secrets) == []


def test_a_canary_is_found_where_it_was_put(recorded: Recorded) -> None:
    token = places.site(SITE).token.read_text().strip()
    secrets = canaries.of_site(SITE)

    places.write(places.state() / "sites" / SITE / "logs" / "careless.log", f"token={token}")
    with canaries.watched(secrets) as seen:
        command.run([sys.executable, "-c", "import time; time.sleep(0.5)", token])

    assert canaries.found_in(places.state(), secrets) == [f"{places.site(SITE).logs / 'careless.log'}: secrets/proxmox-token"]
    assert len(seen) >= 1
