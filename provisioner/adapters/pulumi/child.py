"""The child process that runs the engine: `python -m provisioner.adapters.pulumi.child OPERATION SITE WORK_DIR PULUMI_ROOT [GUEST ...]`.

Pulumi's Automation API forks, keeps globals and inherits the whole environment: so it lives here, one process per run,
with an environment made for it. The program is stacks/centre/__main__.py itself, the same that plain `pulumi up` runs.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pulumi import automation
from pulumi.automation.events import EngineEvent, OpType, ResourcePreEvent

from provisioner.adapters.pulumi.events import Event, Kind, to_line
from provisioner.places import CHECKOUT

PROJECT = "teranga"
_URN_PARTS = 4
PROGRAM = CHECKOUT / "stacks" / "centre" / "__main__.py"
_OF_GUESTS = (":VmLegacy", ":OptionsLegacy", ":RulesLegacy")
_QUIET = frozenset({"same", "read", "read-replacement"})


def _say(event: Event) -> None:
    sys.stdout.write(to_line(event) + "\n")
    sys.stdout.flush()


def _program() -> None:
    runpy.run_path(str(PROGRAM), run_name="__main__")


def _resource(urn: str) -> str:
    parts = urn.split("::")  # urn:pulumi:STACK::PROJECT::TYPE::NAME
    return f"{parts[-2].rsplit(':', 1)[-1]} {parts[-1]}" if len(parts) >= _URN_PARTS else urn


def _operation(event: ResourcePreEvent) -> str:
    return str(getattr(event.metadata.op, "value", event.metadata.op))


def _on_event(event: EngineEvent) -> None:
    pairs = ((Kind.STARTED, event.resource_pre_event), (Kind.DONE, event.res_outputs_event), (Kind.FAILED, event.res_op_failed_event))
    for kind, found in pairs:
        if found is None:
            continue
        operation = str(getattr(found.metadata.op, "value", found.metadata.op))
        if operation not in _QUIET:
            _say(Event(kind=kind, operation=operation, resource=_resource(found.metadata.urn)))
    message = event.diagnostic_event
    if message is not None and message.severity in ("error", "warning"):
        _say(Event(kind=Kind.MESSAGE, severity=message.severity, text=message.message.strip(), resource=_resource(message.urn or "")))


def _stack(site: str, work_dir: Path, root: Path) -> automation.Stack:
    settings = automation.ProjectSettings(name=PROJECT, runtime="python")
    options = automation.LocalWorkspaceOptions(
        work_dir=str(work_dir),
        project_settings=settings,
        pulumi_command=automation.PulumiCommand(str(root)),
        secrets_provider="passphrase",
    )
    return automation.create_or_select_stack(site, project_name=PROJECT, program=_program, opts=options)


def _changes(counts: Mapping[OpType, int] | None) -> dict[str, int]:
    return {str(getattr(kind, "value", kind)): count for kind, count in (counts or {}).items()}


def _forget(stack: automation.Stack, guests: frozenset[str]) -> int:
    """Take guests and their firewalls out of the stack's state; return how many resources. Nothing is deleted on the node."""
    whole = stack.export_stack()
    before = dict(whole.deployment or {})
    resources = list(before.get("resources", []))
    kept = [one for one in resources if not (one["type"].endswith(_OF_GUESTS) and one["urn"].rsplit("::", 1)[-1] in guests)]
    stack.import_stack(automation.Deployment(version=whole.version, deployment={**before, "resources": kept}))
    return len(resources) - len(kept)


def _run(operation: str, stack: automation.Stack, names: Sequence[str]) -> dict[str, int]:
    match operation:
        case "up":
            return _changes(stack.up(on_event=_on_event, color="never", parallel=4).summary.resource_changes)
        case "preview":
            return _changes(stack.preview(on_event=_on_event, color="never").change_summary)
        case "refresh":
            return _changes(stack.refresh(on_event=_on_event, color="never", clear_pending_creates=True).summary.resource_changes)
        case "destroy":
            done = stack.destroy(on_event=_on_event, color="never", parallel=4)
            stack.workspace.remove_stack(stack.name)
            return _changes(done.summary.resource_changes)
        case "cancel":
            stack.cancel()
            return {}
        case "forget":
            return {"forget": _forget(stack, frozenset(names))}
        case _:
            raise SystemExit(f"unknown operation {operation}")


def main() -> int:
    """Run one operation; exit 0, or 1 after the engine's errors were told, or 4 where the stack is locked."""
    operation, site, work_dir, root, *names = sys.argv[1:]
    try:
        changes = _run(operation, _stack(site, Path(work_dir), Path(root)), names)
    except automation.errors.ConcurrentUpdateError as error:
        _say(Event(kind=Kind.MESSAGE, severity="error", text=str(error)))
        return 4
    except automation.errors.CommandError as error:
        _say(Event(kind=Kind.MESSAGE, severity="debug", text=str(error)))
        return 1
    _say(Event(kind=Kind.RESULT, changes=changes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
