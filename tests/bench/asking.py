"""`python -m tests.bench.asking PORT SESSIONS TIMES`: GET 19 OIDs from an agent on loopback, print what it cost, as JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from ipaddress import IPv4Address

from monitoring.credentials import Community
from monitoring.measures.snmp.agent import SnmpAgent
from monitoring.measures.snmp.budget import Allowance, Budget
from tests.bench.nineteen import OIDS

_UNBOUNDED = Allowance(per_second=1e9, at_once=1_000_000)
_AT_ONCE = 50


async def _ask(port: int, sessions: int, times: int) -> dict[str, float]:
    credential = Community(community="public", port=port)
    agents = [SnmpAgent(IPv4Address("127.0.0.1"), credential, Budget(_UNBOUNDED, time.monotonic())) for _ in range(sessions)]
    if len(await agents[0].get(OIDS)) != len(OIDS):
        raise RuntimeError("the agent does not know them all")
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(agent: SnmpAgent) -> None:
        async with places:
            for _ in range(times):
                await agent.get(OIDS)

    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    await asyncio.gather(*(one(agent) for agent in agents))
    elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds_per_target": used / (sessions * times), "targets_per_second": sessions * times / elapsed}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_ask(*(int(word) for word in sys.argv[1:])))))
