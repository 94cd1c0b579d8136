"""The probing agent: started in a vantage by its file name, it speaks JSON lines on standard input and output.

Standard library only, so that any Python 3.11 runs it. A request is `{"id", "do", ...}`; the answer `{"id", "outcome",
"detail", "ms", ...}`. Outcomes: answered, silent, refused, unreachable, stranger, untrusted, error. Each request runs in
its own thread. End of input ends the agent and everything it opened.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable

Request = dict[str, object]
Answer = dict[str, object]

_ICMP_ECHO, _ICMP_ECHO_REPLY = 8, 0  # RFC 792
_DNS_A, _DNS_IN, _DNS_RECURSE = 1, 1, 0x0100  # RFC 1035
_POINTER = 0xC0  # RFC 1035, 4.1.4: a compressed name
_BOOT_REPLY = 2  # RFC 2131, field op
_ETH_P_IP = 0x0800  # IEEE 802.3
_TCP_SYN = 0x02  # RFC 9293
_BODY_LIMIT = 1 << 18
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ENOKEY, errno.EACCES, errno.EPERM})
_write_lock = threading.Lock()


def _text(request: Request, key: str, default: str = "") -> str:
    return str(request.get(key, default))


def _number(request: Request, key: str, default: int = 0) -> int:
    return int(str(request.get(key, default)))


def _seconds(request: Request) -> float:
    return float(str(request.get("timeout", 1.0)))


def _tries(request: Request) -> range:
    return range(max(1, _number(request, "tries", 1)))


def checksum(packet: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    padded = packet + b"\0" * (len(packet) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo(identifier: int, sequence: int, payload: bytes) -> bytes:
    """Return an ICMP echo request (RFC 792)."""
    bare = struct.pack("!BBHHH", _ICMP_ECHO, 0, 0, identifier, sequence) + payload
    return struct.pack("!BBHHH", _ICMP_ECHO, 0, checksum(bare), identifier, sequence) + payload


def icmp(request: Request) -> Answer:
    """Ping: answered when the very payload comes back from the very address."""
    address, payload = _text(request, "address"), secrets.token_bytes(16)
    identifier = secrets.randbelow(65536)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        _bind(raw, request)
        for sequence in _tries(request):
            raw.sendto(echo(identifier, sequence, payload), (address, 0))
            if _echo_came(raw, address, identifier, payload, time.monotonic() + _seconds(request)):
                return {"outcome": "answered"}
    return {"outcome": "silent"}


def _echo_came(raw: socket.socket, address: str, identifier: int, payload: bytes, deadline: float) -> bool:
    while (left := deadline - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            packet, (source, _) = raw.recvfrom(2048)
        except TimeoutError:
            return False
        body = packet[(packet[0] & 15) * 4 :]
        if source == address and body[0] == _ICMP_ECHO_REPLY and struct.unpack("!H", body[4:6])[0] == identifier and body[8:] == payload:
            return True
    return False


def _bind(sock: socket.socket, request: Request) -> None:
    if source := _text(request, "source"):
        sock.bind((source, 0))


def tcp(request: Request) -> Answer:
    """Connect; with `key`, also demand our listener's answer to a nonce."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        _bind(sock, request)
        sock.settimeout(_seconds(request))
        sock.connect((_text(request, "address"), _number(request, "port")))
        if not (key := _text(request, "key")):
            return {"outcome": "answered"}
        nonce = secrets.token_hex(8)
        sock.sendall(f"{nonce}\n".encode())
        got = sock.recv(256).decode(errors="replace").strip()
    return _match(got, f"{key} {nonce}")


def _match(got: str, wanted: str) -> Answer:
    return {"outcome": "answered"} if got == wanted else {"outcome": "stranger", "detail": got[:80]}


def udp(request: Request) -> Answer:
    """Send a nonce to our listener, `key` being what it answers with."""
    target = (_text(request, "address"), _number(request, "port"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _bind(sock, request)
        sock.settimeout(_seconds(request))
        sock.connect(target)
        for _ in _tries(request):
            nonce = secrets.token_hex(8)
            sock.send(f"{nonce}\n".encode())
            try:
                got = sock.recv(256).decode(errors="replace").strip()
            except TimeoutError:
                continue
            return _match(got, f"{_text(request, 'key')} {nonce}")
    return {"outcome": "silent"}


def listen(request: Request) -> Answer:
    """Open a listener that answers each nonce with its key; it lives until the agent ends."""
    stream = _text(request, "protocol") == "tcp"
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((_text(request, "address"), _number(request, "port")))
    if stream:
        sock.listen(64)
    serve = _serve_stream if stream else _serve_datagrams
    threading.Thread(target=serve, args=(sock, _text(request, "key")), daemon=True).start()
    return {"outcome": "answered"}


def _serve_stream(listener: socket.socket, key: str) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_answer_stream, args=(peer, key), daemon=True).start()


def _answer_stream(peer: socket.socket, key: str) -> None:
    with peer:
        peer.settimeout(3.0)
        try:
            nonce = peer.recv(256).decode(errors="replace").strip()
            peer.sendall(f"{key} {nonce}\n".encode())
        except OSError:
            return  # the client went away


def _serve_datagrams(sock: socket.socket, key: str) -> None:
    while True:
        nonce, peer = sock.recvfrom(256)
        sock.sendto(f"{key} {nonce.decode(errors='replace').strip()}\n".encode(), peer)


def dns_query(name: str, identifier: int) -> bytes:
    """Return a query for the A records of a name (RFC 1035, section 4)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", identifier, _DNS_RECURSE, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", _DNS_A, _DNS_IN)


def dns_addresses(message: bytes, query: bytes) -> list[str]:
    """Return the A records of an answer whose names point back at the question, as servers write them."""
    count = struct.unpack("!H", message[6:8])[0]
    at, found = len(query), []
    for _ in range(count):
        while message[at] and message[at] < _POINTER:
            at += message[at] + 1
        at += 2 if message[at] >= _POINTER else 1
        kind, _, _, length = struct.unpack("!HHIH", message[at : at + 10])
        if kind == _DNS_A:
            found.append(socket.inet_ntoa(message[at + 10 : at + 14]))
        at += 10 + length
    return found


def dns(request: Request) -> Answer:
    """Ask one server for the A records of a name."""
    query = dns_query(_text(request, "name"), secrets.randbelow(65536))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(_seconds(request))
        sock.connect((_text(request, "server"), 53))
        for _ in _tries(request):
            sock.send(query)
            try:
                message = sock.recv(1500)
            except TimeoutError:
                continue
            if message[:2] == query[:2]:
                return {"outcome": "answered", "addresses": dns_addresses(message, query), "code": message[3] & 15}
    return {"outcome": "silent"}


def dhcp(request: Request) -> Answer:
    """Broadcast a DHCPDISCOVER (RFC 2131) for a hardware address; nothing is leased, the offer is left."""
    xid, mac = secrets.token_bytes(4), bytes.fromhex(_text(request, "mac").replace(":", ""))
    fixed = struct.pack("!4B4sHH4s4s4s4s16s", 1, 1, 6, 0, xid, 0, 0x8000, b"", b"", b"", b"", mac)
    message = fixed + b"\0" * 192 + bytes((99, 130, 83, 99, 53, 1, 1, 55, 2, 1, 3, 255))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for option in (socket.SO_REUSEADDR, socket.SO_BROADCAST):
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.bind(("", 68))
        for _ in _tries(request):
            sock.sendto(message, ("255.255.255.255", 67))
            deadline = time.monotonic() + _seconds(request)
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                try:
                    got = sock.recv(1500)
                except TimeoutError:
                    break
                if got[0] == _BOOT_REPLY and got[4:8] == xid:
                    return {"outcome": "answered", "detail": socket.inet_ntoa(got[16:20])}
    return {"outcome": "silent"}


def https(request: Request) -> Answer:
    """Resolve a name at the site's DNS, connect with TLS against the site's CA alone, send one request."""
    import http.client
    import ssl

    host, port = _text(request, "hostname"), _number(request, "port", 443)
    resolved = dns({"server": _text(request, "server"), "name": host, "timeout": 1.0, "tries": 2})
    addresses = resolved.get("addresses")
    if not isinstance(addresses, list) or not addresses:
        return {"outcome": "silent", "detail": f"DNS {_text(request, 'server')}: {host}"}
    context = ssl.create_default_context(cadata=_text(request, "ca"))
    connection = http.client.HTTPSConnection(host, port, timeout=_seconds(request), context=context)
    with socket.create_connection((str(addresses[0]), port), timeout=_seconds(request)) as plain:
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            return {"outcome": "untrusted", "detail": error.verify_message}
        body = _text(request, "body").encode() or None
        headers = {"Content-Type": _text(request, "content_type", "application/json"), "Accept": "application/json"}
        connection.request(_text(request, "method", "GET"), _text(request, "path", "/"), body=body, headers=headers)
        response = connection.getresponse()
        text = response.read(_BODY_LIMIT).decode(errors="replace")
        socket_now: object = connection.sock  # None once the answer ended the connection
        tls = socket_now.version() if isinstance(socket_now, ssl.SSLSocket) else ""
    return {"outcome": "answered", "status": response.status, "body": text, "tls": tls or "", "address": str(addresses[0])}


def raw_packet(protocol: str, source: str, target: str, ports: tuple[int, int]) -> bytes:
    """Return a whole IPv4 packet (RFC 791): an echo request, a SYN or a datagram."""
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    number = {"icmp": 1, "tcp": 6, "udp": 17}[protocol]
    if protocol == "icmp":
        body = echo(ports[0], 0, b"teranga")
    elif protocol == "tcp":
        parts = (*ports, ports[0], 0, 5 << 4, _TCP_SYN, 64240)
        pseudo = ends + struct.pack("!BBH", 0, number, 20)
        total = checksum(pseudo + struct.pack("!HHIIBBHHH", *parts, 0, 0))
        body = struct.pack("!HHIIBBHHH", *parts, total, 0)
    else:
        body = struct.pack("!HHHH", *ports, 15, 0) + b"teranga"  # no checksum: RFC 768 allows 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ports[0], 0, 64, number, 0) + ends
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def raw(request: Request) -> Answer:
    """Put one packet on an interface below the host's own ruleset, and watch that interface for any answer to it."""
    source, target, interface = _text(request, "source"), _text(request, "address"), _text(request, "interface")
    packet = raw_packet(_text(request, "protocol"), source, target, (40000 + secrets.randbelow(20000), _number(request, "port")))
    answer = socket.inet_aton(target) + socket.inet_aton(source)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)) as wire:
        wire.bind((interface, _ETH_P_IP))
        wire.sendto(packet, (interface, _ETH_P_IP))
        deadline = time.monotonic() + _seconds(request)
        while (left := deadline - time.monotonic()) > 0:
            wire.settimeout(left)
            try:
                seen = wire.recv(2048)
            except TimeoutError:
                break
            if seen[12:20] == answer and seen[9] == packet[9] and _same_talk(seen, packet):
                return {"outcome": "answered"}
    return {"outcome": "silent"}


def _same_talk(seen: bytes, sent: bytes) -> bool:
    """Return whether a packet belongs to what was sent: same echo identifier, or the ports the other way round."""
    return seen[24:26] == sent[24:26] if sent[9] == 1 else seen[22:24] == sent[20:22]


_ACTIONS: dict[str, Callable[[Request], Answer]] = {
    "icmp": icmp, "tcp": tcp, "udp": udp, "listen": listen, "dns": dns, "dhcp": dhcp, "https": https, "raw": raw,
}  # fmt: skip


def perform(request: Request) -> Answer:
    """Do what is asked; an operating system's error becomes an outcome."""
    started = time.monotonic()
    try:
        answer = _ACTIONS[_text(request, "do")](request)
    except TimeoutError:
        answer = {"outcome": "silent"}
    except ConnectionError as error:
        answer = {"outcome": "refused", "detail": str(error)}
    except OSError as error:
        answer = {"outcome": "unreachable" if error.errno in _UNREACHABLE else "error", "detail": str(error)}
    except (ValueError, KeyError, IndexError, struct.error) as error:
        answer = {"outcome": "error", "detail": f"{type(error).__name__}: {error}"}
    return {"id": request.get("id"), "ms": round((time.monotonic() - started) * 1000, 1), "detail": "", **answer}


def _reply(request: Request) -> None:
    line = json.dumps(perform(request))
    with _write_lock:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        threading.Thread(target=_reply, args=(json.loads(line),), daemon=True).start()
    os._exit(0)  # listeners never end by themselves


if __name__ == "__main__":
    main()
