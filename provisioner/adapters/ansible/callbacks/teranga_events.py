"""Ansible's standard output as one JSON object a line. Runs inside ansible-playbook; imports nothing of provisioner."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Protocol

from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # ansible-core ships no types

DOCUMENTATION = """
name: teranga_events
type: stdout
short_description: One JSON object a line for each thing that happens
description: [Each task's outcome on each host, and the totals at the end.]
"""

_WORDS = 2000  # of a failure's message


class Named(Protocol):
    """A host or a task."""

    def get_name(self) -> str:
        """Return its name; a task's begins with its role."""


class Result(Protocol):
    """What ansible.plugins.callback.CallbackTaskResult shows."""

    host: Named
    task: Named
    result: Mapping[str, object]


class Stats(Protocol):
    """What a run adds up."""

    processed: Iterable[str]

    def summarize(self, host: str) -> Mapping[str, int]:
        """Return the counts of a host."""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # its base has no types
    """Writes events; results of tasks with no_log carry no message."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "teranga_events"

    def v2_runner_on_ok(self, result: Result) -> None:
        """A task went well."""
        _task("changed" if result.result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result: Result) -> None:
        """A task did not apply."""
        _task("skipped", result)

    def v2_runner_on_failed(self, result: Result, ignore_errors: bool = False) -> None:
        """A task failed."""
        _task("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Result) -> None:
        """A guest cannot be reached."""
        _task("unreachable", result)

    def v2_playbook_on_stats(self, stats: Stats) -> None:
        """The run is over."""
        for host in sorted(stats.processed):
            _tell("host", {"host": host} | dict(stats.summarize(host)))


def _tell(event: str, fields: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps({"event": event} | dict(fields), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _task(outcome: str, result: Result) -> None:
    role, separator, name = result.task.get_name().partition(" : ")
    message = "" if outcome in {"ok", "changed", "skipped"} else _message(result.result)
    words = {"role": role, "task": name} if separator else {"role": "", "task": role}
    _tell("task", {"host": result.host.get_name(), **words, "outcome": outcome, "message": message})


def _message(answer: Mapping[str, object]) -> str:
    if answer.get("_ansible_no_log"):
        return "censored"
    parts = [answer.get(key) for key in ("msg", "module_stderr", "stderr", "stdout")]
    items = answer.get("results")
    for item in items if isinstance(items, list) else []:
        if item.get("failed"):
            parts += [item.get(key) for key in ("msg", "stderr")]
    return "\n".join(str(part) for part in parts if part)[:_WORDS]
