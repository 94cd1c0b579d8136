"""The firewall's macros: a name for the ports of a well-known service (IANA's registry of service names and port numbers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One protocol of a macro with its destination ports, or the type of ICMP it means."""

    protocol: str
    ports: str = ""
    icmp: str = ""


def _tcp(ports: str) -> tuple[Part, ...]:
    return (Part("tcp", ports),)


def _udp(ports: str) -> tuple[Part, ...]:
    return (Part("udp", ports),)


def _both(ports: str) -> tuple[Part, ...]:
    return (Part("udp", ports), Part("tcp", ports))


# By name: what it is for, and its parts.
MACROS: Mapping[str, tuple[str, tuple[Part, ...]]] = {
    "Amanda": ("Amanda Backup", (Part("udp", "10080"), Part("tcp", "10080"))),
    "Auth": ("Auth (identd) traffic", _tcp("113")),
    "BGP": ("Border Gateway Protocol traffic", _tcp("179")),
    "BitTorrent": ("BitTorrent traffic for BitTorrent 3.1 and earlier", (Part("tcp", "6881:6889"), Part("udp", "6881"))),
    "Ceph": ("Ceph Storage Cluster traffic (Ceph Monitors, OSD & MDS Daemons)", (Part("tcp", "6789"), Part("tcp", "3300,6800:7300"))),
    "CVS": ("Concurrent Versions System pserver traffic", _tcp("2401")),
    "Citrix": ("Citrix/ICA traffic (ICA, ICA Browser, CGP)", (Part("tcp", "1494"), Part("udp", "1604"), Part("tcp", "2598"))),
    "DAAP": ("Digital Audio Access Protocol traffic (iTunes, Rythmbox daemons)", _both("3689")),
    "DCC": ("Distributed Checksum Clearinghouse spam filtering mechanism", _tcp("6277")),
    "DHCPfwd": ("Forwarded DHCP traffic", (Part("udp", "67:68"),)),
    "DHCPv6": ("DHCPv6 traffic", (Part("udp", "546:547"),)),
    "DNS": ("Domain Name System traffic (upd and tcp)", _both("53")),
    "Distcc": ("Distributed Compiler service", _tcp("3632")),
    "FTP": ("File Transfer Protocol", _tcp("21")),
    "Finger": ("Finger protocol (RFC 742)", _tcp("79")),
    "GNUnet": ("GNUnet secure peer-to-peer networking traffic", _both("2086")),
    "GRE": ("Generic Routing Encapsulation tunneling protocol", (Part("47"),)),
    "Git": ("Git distributed revision control traffic", _tcp("9418")),
    "HKP": ("OpenPGP HTTP key server protocol traffic", _tcp("11371")),
    "HTTP": ("Hypertext Transfer Protocol (WWW)", _tcp("80")),
    "HTTPS": ("Hypertext Transfer Protocol (WWW) over SSL", _tcp("443")),
    "HTTP/3": ("Hypertext Transfer Protocol v3", _udp("443")),
    "ICPV2": ("Internet Cache Protocol V2 (Squid) traffic", _udp("3130")),
    "ICQ": ("AOL Instant Messenger traffic", _tcp("5190")),
    "IMAP": ("Internet Message Access Protocol", _tcp("143")),
    "IMAPS": ("Internet Message Access Protocol over SSL", _tcp("993")),
    "IPIP": ("IPIP capsulation traffic", (Part("94"),)),
    "IPsec": ("IPsec traffic", (Part("udp", "500"), Part("50"))),
    "IPsecah": ("IPsec authentication (AH) traffic", (Part("udp", "500"), Part("51"))),
    "IPsecnat": ("IPsec traffic and Nat-Traversal", (Part("udp", "500"), Part("udp", "4500"), Part("50"))),
    "IRC": ("Internet Relay Chat traffic", _tcp("6667")),
    "JetDirect": ("HP Jetdirect printing", _tcp("9100")),
    "L2TP": ("Layer 2 Tunneling Protocol traffic", _udp("1701")),
    "LDAP": ("Lightweight Directory Access Protocol traffic", _tcp("389")),
    "LDAPS": ("Secure Lightweight Directory Access Protocol traffic", _tcp("636")),
    "MDNS": ("Multicast DNS", _udp("5353")),
    "MSNP": ("Microsoft Notification Protocol", _tcp("1863")),
    "MSSQL": ("Microsoft SQL Server", _tcp("1433")),
    "Mail": ("Mail traffic (SMTP, SMTPS, Submission)", (Part("tcp", "25"), Part("tcp", "465"), Part("tcp", "587"))),
    "Munin": ("Munin networked resource monitoring traffic", _tcp("4949")),
    "MySQL": ("MySQL server", _tcp("3306")),
    "NNTP": ("NNTP traffic (Usenet).", _tcp("119")),
    "NNTPS": ("Encrypted NNTP traffic (Usenet)", _tcp("563")),
    "NTP": ("Network Time Protocol (ntpd)", _udp("123")),
    "NeighborDiscovery": (
        "IPv6 neighbor solicitation, neighbor and router advertisement",
        tuple(
            Part("icmpv6", icmp=name)
            for name in ("router-solicitation", "router-advertisement", "neighbor-solicitation", "neighbor-advertisement")
        ),
    ),
    "OSPF": ("OSPF multicast traffic", (Part("89"),)),
    "OpenVPN": ("OpenVPN traffic", _udp("1194")),
    "PBS": ("Proxmox Backup Server", _tcp("8007")),
    "PCA": ("Symantec PCAnywere (tm)", (Part("udp", "5632"), Part("tcp", "5631"))),
    "PMG": ("Proxmox Mail Gateway web interface", _tcp("8006")),
    "POP3": ("POP3 traffic", _tcp("110")),
    "POP3S": ("Encrypted POP3 traffic", _tcp("995")),
    "PPtP": ("Point-to-Point Tunneling Protocol", (Part("47"), Part("tcp", "1723"))),
    "Ping": ("ICMP echo request", (Part("icmp", icmp="echo-request"),)),
    "PostgreSQL": ("PostgreSQL server", _tcp("5432")),
    "Printer": ("Line Printer protocol printing", _tcp("515")),
    "RDP": ("Microsoft Remote Desktop Protocol traffic", _tcp("3389")),
    "RIP": ("Routing Information Protocol (bidirectional)", _udp("520")),
    "RNDC": ("BIND remote management protocol", _tcp("953")),
    "Razor": ("Razor Antispam System", _tcp("2703")),
    "Rdate": ("Remote time retrieval (rdate)", _tcp("37")),
    "Rsync": ("Rsync server", _tcp("873")),
    "SANE": ("SANE network scanning", _tcp("6566")),
    "SMB": ("Microsoft SMB traffic", (Part("udp", "135,445"), Part("udp", "137:139"), Part("tcp", "135,139,445"))),
    "SMTP": ("Simple Mail Transfer Protocol", _tcp("25")),
    "SMTPS": ("Encrypted Simple Mail Transfer Protocol", _tcp("465")),
    "SNMP": ("Simple Network Management Protocol", (Part("udp", "161:162"), Part("tcp", "161"))),
    "SPAMD": ("Spam Assassin SPAMD traffic", _tcp("783")),
    "SPICEproxy": ("Proxmox VE SPICE display proxy traffic", _tcp("3128")),
    "SSH": ("Secure shell traffic", _tcp("22")),
    "SVN": ("Subversion server (svnserve)", _tcp("3690")),
    "SixXS": ("SixXS IPv6 Deployment and Tunnel Broker", (Part("tcp", "3874"), Part("udp", "3740"), Part("41"), Part("udp", "5072,8374"))),
    "Squid": ("Squid web proxy traffic", _tcp("3128")),
    "Submission": ("Mail message submission traffic", _tcp("587")),
    "Syslog": ("Syslog protocol (RFC 5424) traffic", _both("514")),
    "TFTP": ("Trivial File Transfer Protocol traffic", _udp("69")),
    "Telnet": ("Telnet traffic", _tcp("23")),
    "Telnets": ("Telnet over SSL", _tcp("992")),
    "Time": ("RFC 868 Time protocol", _tcp("37")),
    "Trcrt": ("Traceroute (for up to 30 hops) traffic", (Part("udp", "33434:33524"), Part("icmp", icmp="echo-request"))),
    "VNC": ("VNC traffic for VNC display's 0 - 99", _tcp("5900:5999")),
    "VNCL": ("VNC traffic from Vncservers to Vncviewers in listen mode", _tcp("5500")),
    "Web": ("WWW traffic (HTTP and HTTPS)", (Part("tcp", "80"), Part("tcp", "443"))),
    "Webcache": ("Web Cache/Proxy traffic (port 8080)", _tcp("8080")),
    "Webmin": ("Webmin traffic", _tcp("10000")),
    "Whois": ("Whois (nicname, RFC 3912) traffic", _tcp("43")),
    "ZabbixAgent": ("Zabbix Agent", _tcp("10050")),
    "ZabbixServer": ("Zabbix Server", _tcp("10051")),
}

# The names of ICMP types and codes (RFC 792, RFC 4443, RFC 4861): type, code.
ICMP: Mapping[str, tuple[int, int | None]] = {
    "any": (-1, None),
    "echo-reply": (0, None),
    "destination-unreachable": (3, None),
    "network-unreachable": (3, 0),
    "host-unreachable": (3, 1),
    "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4),
    "source-route-failed": (3, 5),
    "network-prohibited": (3, 9),
    "host-prohibited": (3, 10),
    "communication-prohibited": (3, 13),
    "source-quench": (4, None),
    "redirect": (5, None),
    "echo-request": (8, None),
    "router-advertisement": (9, None),
    "router-solicitation": (10, None),
    "time-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0),
    "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": (12, None),
    "timestamp-request": (13, None),
    "timestamp-reply": (14, None),
    "address-mask-request": (17, None),
    "address-mask-reply": (18, None),
}
ICMP6: Mapping[str, tuple[int, int | None]] = {
    "any": (-1, None),
    "destination-unreachable": (1, None),
    "no-route": (1, 0),
    "communication-prohibited": (1, 1),
    "address-unreachable": (1, 3),
    "port-unreachable": (1, 4),
    "packet-too-big": (2, None),
    "time-exceeded": (3, None),
    "ttl-exceeded": (3, 0),
    "parameter-problem": (4, None),
    "bad-header": (4, 0),
    "echo-request": (128, None),
    "echo-reply": (129, None),
    "router-solicitation": (133, None),
    "router-advertisement": (134, None),
    "neighbor-solicitation": (135, None),
    "neighbour-solicitation": (135, None),
    "neighbor-advertisement": (136, None),
    "neighbour-advertisement": (136, None),
    "redirect": (137, None),
}


def icmp(name: str, protocol: str) -> tuple[int, int | None] | None:
    """Return type and code of an ICMP type's name or of numbers such as `3/4`; None if there is no such name."""
    first, _, second = name.partition("/")
    if first.isdigit() and int(first) < 256 and (not second or (second.isdigit() and int(second) < 256)):  # noqa: PLR2004  octets
        return int(first), int(second) if second else None
    return (ICMP6 if protocol in ("icmpv6", "ipv6-icmp", "58") else ICMP).get(name)
