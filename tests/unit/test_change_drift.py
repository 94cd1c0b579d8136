"""Drift, each kind made by an administrator in the lab's API and seen with the site's own token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from provisioner import places
from provisioner.adapters.proxmox import observe_site
from provisioner.centre import adopted, look
from provisioner.centre.drift import State, drift
from provisioner.change.drift import Drift, Kind, Remedy, drifts, grown, refused
from provisioner.change.words import KINDS, REMEDIES, sentence
from provisioner.cli.main import main
from tests.unit.change_site import Standing, standing

SITE = "kedougou"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("drift")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERANGA_STATE", str(folder / "state"))
        with standing(SITE, folder) as stands:
            yield stands


def _config(**changed: object) -> Callable[[Standing], None]:
    def change(site: Standing) -> None:
        site.admin.put(f"{site.path('recettes')}/config", **changed)

    return change


def _card(before: str, after: str) -> Callable[[Standing], None]:
    def change(site: Standing) -> None:
        card = str(site.admin.record(f"{site.path('recettes')}/config")["net0"])
        assert before in card
        site.admin.put(f"{site.path('recettes')}/config", net0=card.replace(before, after))

    return change


def _grow(site: Standing) -> None:
    site.task(site.admin.put(f"{site.path('recettes')}/resize", disk="scsi0", size="+3G"))


def _stop(site: Standing) -> None:
    site.task(site.admin.post(f"{site.path('recettes')}/status/stop"))


def _delete(site: Standing) -> None:
    _stop(site)
    site.task(site.admin.delete(site.path("recettes")))


def _stranger(name: str, *, pool: bool = False) -> Callable[[Standing], None]:
    def change(site: Standing) -> None:
        _delete(site)
        vmid = site.guest("recettes").vmid
        members = {"pool": site.plan.pool} if pool else {}
        site.task(site.admin.post(f"/nodes/{site.plan.node}/qemu", vmid=vmid, name=name, memory=128, **members))

    return change


def _namesake(name: str) -> Callable[[Standing], None]:
    def change(site: Standing) -> None:
        site.task(site.admin.post(f"/nodes/{site.plan.node}/qemu", vmid=777, name=name, memory=128, pool=site.plan.pool))

    return change


def _rule(site: Standing) -> None:
    base = f"{site.path('recettes')}/firewall/rules"
    site.admin.post(base, type="in", action="ACCEPT", source="0.0.0.0/0", proto="tcp", dport="23", enable=1, comment="par moi")


def _no_rule(site: Standing) -> None:
    site.admin.delete(f"{site.path('recettes')}/firewall/rules/0")


def _widened(site: Standing) -> None:
    site.admin.put(f"{site.path('recettes')}/firewall/rules/0", source="0.0.0.0/0")


def _options(**changed: object) -> Callable[[Standing], None]:
    def change(site: Standing) -> None:
        site.admin.put(f"{site.path('recettes')}/firewall/options", **changed)

    return change


CASES: list[tuple[str, Callable[[Standing], None], set[Kind], str]] = [
    ("memory", _config(memory=4096), {Kind.MEMORY}, "recettes: it has 4096 MiB of memory, declared 1280; `up` sets it right and restarts"),
    ("cores", _config(cores=3), {Kind.CORES}, "it has 3 cores, declared 1"),
    ("tags", _config(tags="mine"), {Kind.TAGS}, "its tags are mine, declared site-kedougou, teranga"),
    ("name", _config(name="autre"), {Kind.NAME}, "the guest is named autre, declared kedougou-recettes"),
    ("vlan", _card("tag=20", "tag=99"), {Kind.NIC_TAG}, "its card net0 (servers) has VLAN 99, declared 20"),
    ("untagged", _card(",tag=20", ""), {Kind.NIC_TAG}, "has VLAN none, declared 20"),
    ("bridge", _card("vmbr1", "vmbr0"), {Kind.NIC_BRIDGE}, "is on bridge vmbr0, declared vmbr1"),
    ("card's firewall", _card("firewall=1", "firewall=0"), {Kind.NIC_FIREWALL}, "the firewall of its card net0 (servers) is off"),
    ("unplugged", _card("firewall=1", "firewall=1,link_down=1"), {Kind.NIC_SETTINGS}, "settings that nobody declared: link_down=1"),
    ("trunk", _card("firewall=1", "firewall=1,trunks=10;30"), {Kind.NIC_SETTINGS}, "settings that nobody declared: trunks=10;30"),
    ("not started with the node", _config(onboot=0), {Kind.ONBOOT}, "it does not start with its node"),
    ("agent off", _config(agent="0"), {Kind.AGENT}, "its guest agent is switched off"),
    ("no card", _config(delete="net0"), {Kind.NIC_MISSING}, "its card net0 in zone servers is missing"),
    ("one card more", _config(net5="virtio,bridge=vmbr0"), {Kind.NIC_SURPLUS}, "it has a card net5 that nobody declared"),
    ("disk", _grow, {Kind.DISK_GROWN}, "its disk was grown to 13 GiB, declared 10; `up` keeps it as it is"),
    ("stopped", _stop, {Kind.STOPPED}, "the guest is stopped; it is declared running; `up` starts it"),
    ("deleted", _delete, {Kind.DELETED}, "is gone; `up` makes it anew from its image"),
    ("stranger", _stranger("quelqu-un"), {Kind.HIDDEN}, "is held by a guest that the site's token may not see; `up` refuses"),
    ("stranger in our pool", _stranger("quelqu-un", pool=True), {Kind.FOREIGN_VMID}, "is held by somebody else's guest: 'quelqu-un'"),
    ("namesake", _namesake("kedougou-recettes"), {Kind.FOREIGN_NAME}, "bears the name kedougou-recettes"),
    ("lodger", _namesake("quelqu-un"), {Kind.FOREIGN_POOL}, "somebody else's guest quelqu-un lies in the pool teranga-kedougou"),
    ("rule", _rule, {Kind.RULE_SURPLUS}, "a rule that no flow declares: in ACCEPT from 0.0.0.0/0 tcp/23 (par moi)"),
    ("no rule", _no_rule, {Kind.RULE_MISSING}, "its firewall lacks the rule in ACCEPT from"),
    ("rule widened", _widened, {Kind.RULE_MISSING, Kind.RULE_SURPLUS}, "in ACCEPT from 0.0.0.0/0"),
    ("firewall off", _options(enable=0), {Kind.FIREWALL_OFF}, "its firewall on the node is off, declared on"),
    ("policy", _options(policy_in="ACCEPT"), {Kind.FIREWALL_POLICY}, "policy in is ACCEPT, declared DROP"),
    ("forged MACs", _options(macfilter=0), {Kind.FIREWALL_POLICY}, "policy mac is off, declared on"),
]


def _restore(site: Standing) -> None:
    """Make the guest anew as declared, and remove strangers."""
    for vmid in (site.guest("recettes").vmid, 777):
        if any(row["vmid"] == vmid for row in site.admin.rows("/cluster/resources", type="vm")):
            base = f"/nodes/{site.plan.node}/qemu/{vmid}"
            if site.admin.record(f"{base}/status/current")["status"] == "running":
                site.task(site.admin.post(f"{base}/status/stop"))
            site.task(site.admin.delete(base))
    for _rule in site.admin.rows(f"{site.path('recettes')}/firewall/rules"):
        site.admin.delete(f"{site.path('recettes')}/firewall/rules/0")
    site.make(site.guest("recettes"))


def test_a_site_as_declared_has_no_drift(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", SITE]) == 0
    assert capsys.readouterr().out == "kedougou: in sync with its plan\n"


@pytest.mark.parametrize(("change", "kinds", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_changed_by_hand_is_said_in_words(site: Standing, change: Callable[[Standing], None], kinds: set[Kind], words: str) -> None:
    try:
        change(site)
        verdict = drift(SITE)
    finally:
        _restore(site)

    assert {one.kind for one in verdict.drifts} == kinds
    assert any(words in sentence(one) for one in verdict.drifts)
    assert verdict.state is State.DRIFTED


def test_the_same_state_has_the_same_hash_and_another_state_another(site: Standing) -> None:
    before = look.outside(site.plan).outside_hash
    again = look.outside(site.plan).outside_hash
    site.admin.put(f"{site.path('recettes')}/config", memory=2048)
    changed = look.outside(site.plan).outside_hash
    site.admin.put(f"{site.path('recettes')}/config", memory=site.guest("recettes").memory)

    assert before == again == look.outside(site.plan).outside_hash
    assert changed != before


def test_a_disk_that_was_adopted_is_no_drift_any_more(site: Standing) -> None:
    _grow(site)
    found = drifts(site.plan, look.outside(site.plan), look.declared(site.plan))
    adopted.keep(SITE, grown(found))
    after = drifts(site.plan, look.outside(site.plan), look.declared(site.plan))
    adopted.keep(SITE, {"recettes": site.guest("recettes").disk})
    _restore(site)

    assert grown(found) == {"recettes": 13}
    assert after == ()


def test_drift_as_data_names_place_both_values_and_what_up_does(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    site.admin.put(f"{site.path('recettes')}/config", memory=2048)
    status = main(["drift", SITE, "--json"])
    site.admin.put(f"{site.path('recettes')}/config", memory=site.guest("recettes").memory)

    shown = json.loads(capsys.readouterr().out)
    assert status == 1
    assert (shown["site"], shown["state"], shown["plan"]) == (SITE, "drifted", site.plan.hash)
    (one,) = shown["drifts"]
    assert (one["place"], one["kind"], one["declared"], one["observed"], one["up"]) == (
        "kedougou/recettes",
        "memory",
        "1280",
        "2048",
        "restart",
    )


def test_a_node_that_does_not_answer_is_unknown_and_not_drifted(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    file = places.site(SITE).endpoint
    kept = file.read_text()
    file.write_text(kept.replace(f":{site.server.port}", ":9"))
    status = main(["drift", SITE])
    file.write_text(kept)

    told = capsys.readouterr().out
    assert status == 3
    assert "the API does not answer" in told
    assert "kedougou: unknown: it does not answer" in told


def test_a_site_that_was_never_adopted_is_a_problem_with_a_remedy(site: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "dahra"]) == 1
    assert "its Proxmox node is not adopted yet" in capsys.readouterr().err


def test_strangers_stop_up_and_nothing_else_does() -> None:
    found = [Drift(subject="recettes", kind=kind) for kind in Kind]

    assert {one.kind for one in refused(found)} == {
        Kind.FOREIGN_VMID,
        Kind.FOREIGN_NAME,
        Kind.FOREIGN_POOL,
        Kind.HIDDEN,
        Kind.MOVED,
    }


def test_each_kind_and_each_remedy_has_words() -> None:
    assert set(KINDS) == set(Kind)
    assert set(REMEDIES) == set(Remedy)


def test_a_container_on_our_vmid_is_a_stranger() -> None:
    row = {"vmid": 101613, "node": "pve-kedougou", "type": "lxc", "name": "essai", "status": "running"}
    seen = observe_site.container(row)

    assert (seen.uuid, seen.name, seen.running) == (None, "essai", True)


@pytest.mark.parametrize(
    ("text", "on"), [("1", True), ("0", False), ("enabled=1,type=virtio", True), ("enabled=0", False), ("1,fstrim_cloned_disks=1", True)]
)
def test_the_agents_setting_is_read_in_both_forms(text: str, on: bool) -> None:
    assert observe_site.agent(text) is on
