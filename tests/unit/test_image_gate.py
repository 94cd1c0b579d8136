"""The gate of images catches what must not be in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.adapters.images.gate import problems

# Not a key: the header and filler of the right form, put together here so that no scanner takes this file for one.
_KEY = "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXk" * 4 + "\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a root file system that passes."""
    _write(tmp_path, "etc/machine-id", "")
    _write(tmp_path, "etc/shadow", "root:*:20000:0:99999:7:::\n_apt:!:20000::::::\n")
    _write(tmp_path, "usr/share/doc/openssh/README", "A key begins with -----BEGIN " + "OPENSSH PRIVATE KEY-----\nand so on\n")
    return tmp_path


def _write(tree: Path, name: str, content: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(content)


def test_a_clean_tree_passes(tree: Path) -> None:
    assert problems(tree) == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("etc/hostname", "builder\n"),
        ("etc/resolv.conf", "nameserver 192.0.2.1\n"),
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("etc/ssh/ssh_host_ed25519_key", "anything"),
        ("etc/ssh/ssh_host_ed25519_key.pub", "anything"),
        ("etc/ssl/private/ssl-cert-snakeoil.key", "anything"),
        ("etc/ssl/certs/ssl-cert-snakeoil.pem", "anything"),
        ("etc/xrdp/deep/inside/key.pem", _KEY),
        ("opt/tool/id_ed25519", _KEY),
        ("root/.ssh/authorized_keys", "ssh-ed25519 AAAA"),
        ("etc/network/wg0.conf", "[Interface]\nPrivateKey = " + "A" * 43 + "=\n"),
        ("etc/wpa_supplicant.conf", "network={\n  psk=0123456789\n}\n"),
        ("etc/shadow", "root:$y$j9T$abc:20000::::::\n"),
        ("etc/shadow", "guest::20000::::::\n"),
        ("var/lib/systemd/random-seed", "seed"),
        ("var/lib/cloud/instances/i-1/user-data.txt", "#cloud-config"),
        ("var/lib/postgresql/17/main/PG_VERSION", "17\n"),
    ],
)
def test_a_planted_secret_or_identity_is_found_once_and_named(tree: Path, name: str, content: str) -> None:
    _write(tree, name, content)

    (found,) = problems(tree)

    assert f"/{name}".startswith(found.where)


def test_a_missing_machine_id_is_found(tree: Path) -> None:
    (tree / "etc/machine-id").unlink()

    assert [found.where for found in problems(tree)] == ["/etc/machine-id"]
