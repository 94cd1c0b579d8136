"""The probing agent: its encodings, and its probes over loopback."""

from __future__ import annotations

import socket
import struct
import threading

from hypothesis import given
from hypothesis import strategies as st

from provisioner.centre.verify import prober


@given(st.binary(max_size=200))
def test_a_packet_with_its_checksum_sums_to_zero(payload: bytes) -> None:
    assert prober.checksum(prober.echo(1, 2, payload)) == 0


def test_a_raw_syn_has_valid_checksums() -> None:
    packet = prober.raw_packet("tcp", "10.0.0.1", "10.0.0.2", (40000, 22))

    pseudo = packet[12:20] + struct.pack("!BBH", 0, 6, len(packet) - 20)
    assert prober.checksum(packet[:20]) == 0
    assert prober.checksum(pseudo + packet[20:]) == 0


def test_a_raw_datagram_and_echo_have_their_length() -> None:
    for protocol in ("udp", "icmp"):
        packet = prober.raw_packet(protocol, "10.0.0.1", "10.0.0.2", (40000, 9))
        assert struct.unpack("!H", packet[2:4])[0] == len(packet)


def test_a_records_are_read_from_an_answer() -> None:
    query = prober.dns_query("gateway.essai.teranga.internal", 7)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes((10, 1, 2, 3))
    answer = query[:6] + struct.pack("!3H", 1, 0, 0) + query[12:] + record

    assert prober.dns_addresses(answer, query) == ["10.1.2.3"]


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_listener_answers_with_its_key_over_both_protocols() -> None:
    for protocol, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        where: dict[str, object] = {"address": "127.0.0.1", "port": _free_port(kind)}
        opened = prober.perform({"id": 1, "do": "listen", "protocol": protocol, "key": "k", **where})

        right = prober.perform({"id": 2, "do": protocol, "key": "k", "timeout": 2, **where})
        wrong = prober.perform({"id": 3, "do": protocol, "key": "other", "timeout": 2, **where})

        assert (opened["outcome"], right["outcome"], wrong["outcome"]) == ("answered", "answered", "stranger")


def test_a_closed_port_is_refused_and_a_mute_one_silent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))

        silent = prober.perform({"do": "udp", "address": "127.0.0.1", "port": mute.getsockname()[1], "timeout": 0.1, "key": "k"})
        refused = prober.perform({"do": "tcp", "address": "127.0.0.1", "port": _free_port(socket.SOCK_STREAM), "timeout": 1})

    assert (silent["outcome"], refused["outcome"]) == ("silent", "refused")


def test_an_unknown_request_is_an_error_and_not_the_end() -> None:
    assert prober.perform({"id": 9, "do": "dance"})["outcome"] == "error"


def test_a_garbled_dns_answer_is_an_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        query = prober.dns_query("a.b", 1)
        thread = threading.Thread(target=lambda: server.recvfrom(100))
        thread.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(query, server.getsockname())
        thread.join(2)

    assert prober.dns_addresses(query[:6] + b"\0" * 6, query) == []
