"""`teranga agent CENTRE [AGENT]`: a centre's field agents, or the VPN profile of one of them."""

from __future__ import annotations

import argparse


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    agent = verbs.add_parser("agent", help="list a centre's field agents, or print the VPN profile of one")
    agent.add_argument("site", metavar="CENTRE")
    agent.add_argument("agent", metavar="AGENT", nargs="?", help="agent-1, for example: print his profile")
    agent.add_argument("--inventory", metavar="DIR", default=argparse.SUPPRESS, help="inventory folder")
    agent.add_argument("--json", action="store_true", help="print as JSON")
    agent.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the agents, or a profile with the key that the gateway has made, if the site stands."""
    import json

    from provisioner.centre import desired, peers
    from provisioner.errors import FindingError
    from provisioner.render import field

    plan = desired.plan(arguments.site)
    if arguments.agent is None:
        rows = [
            {"name": one.name, "title": one.title, "address": str(one.address), "enrolled": one.public_key is not None}
            for access in plan.access
            for one in access.agents
        ]
        shown = [f"{row['name']}  {row['address']}  {'enrolled' if row['enrolled'] else 'not enrolled'}  {row['title']}" for row in rows]
        print(json.dumps(rows, ensure_ascii=False, indent=2) if arguments.json else "\n".join(shown) or f"{plan.site} has no field agents")
        return 0
    access, _ = field.find(plan, arguments.agent)
    try:
        key = peers.public_key(plan, access.interface)
    except FindingError:
        key = None
    text = field.profile(plan, arguments.agent, key)
    print(json.dumps({"profile": text}, ensure_ascii=False) if arguments.json else text, end="\n" if arguments.json else "")
    return 0
