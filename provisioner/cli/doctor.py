"""`teranga doctor`: what is there, what is missing, and the remedy."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    doctor = verbs.add_parser("doctor", help="tell what this machine has and lacks, with the remedies")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; 1 if something is missing."""
    from provisioner.setup import doctor

    findings = doctor.examine()
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(str(finding) for finding in findings))
    return 1 if any(finding.status in (doctor.MISSING, doctor.SETUP) for finding in findings) else 0
