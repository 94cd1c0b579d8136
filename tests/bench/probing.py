"""`python -m tests.bench.probing TARGETS SECONDS`: probe addresses of loopback and print what it cost, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from ipaddress import IPv4Address

from monitoring.measures.echo_socket import EchoSocket
from monitoring.measures.prober import Pace, Prober, ProbeTarget

_FIRST = int(IPv4Address("127.1.0.1"))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Probe, wait for what is under way, print."""
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    pace = Pace(period=seconds)
    prober = Prober(EchoSocket(), pace)
    prober.load(ProbeTarget(site=f"site-{number}", path="fibre", address=IPv4Address(_FIRST + number)) for number in range(count))
    prober.start()
    time.sleep(1)
    before, start = sum(counts.sent for _, counts in prober.counts()), _cpu()
    time.sleep(seconds)
    used, sent = _cpu() - start, sum(counts.sent for _, counts in prober.counts()) - before
    time.sleep(pace.timeout)
    tails = sorted(sample.rtt_p99 for sample in prober.samples() if sample.rtt_p99 is not None)
    found = {
        "cpu_seconds_per_probe": used / sent,
        "probes_per_second": sent / seconds,
        "lost": sum(counts.lost for _, counts in prober.counts()),
        "rtt_p99_seconds": tails[len(tails) * 99 // 100] if tails else 0.0,
    }
    prober.stop()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
