"""Ansible's standard output as one JSON object a line. Runs inside ansible-playbook; imports nothing of provisioner."""

from __future__ import annotations

import json
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: teranga_events
type: stdout
short_description: One JSON object a line for each thing that happens
description: [Each task's outcome on each host, and the totals at the end.]
"""

_WORDS = 2000  # of a failure's message


class CallbackModule(CallbackBase):
    """Writes events; results of tasks with no_log carry no message."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "teranga_events"

    def _tell(self, event, **fields):
        sys.stdout.write(json.dumps({"event": event} | fields, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _result(self, outcome, result):
        task = result.task
        role = task._role.get_name() if task._role else ""
        answer = result.result
        message = "" if outcome in ("ok", "changed", "skipped") else self._message(answer)
        self._tell("task", host=result.host.get_name(), role=role, task=task.get_name(), outcome=outcome, message=message)

    def _message(self, answer):
        if answer.get("_ansible_no_log"):
            return "censored"
        parts = [answer.get(key) for key in ("msg", "module_stderr", "stderr", "stdout")]
        for item in answer.get("results", []):
            if item.get("failed"):
                parts += [item.get(key) for key in ("msg", "stderr")]
        return "\n".join(str(part) for part in parts if part)[:_WORDS]

    def v2_runner_on_ok(self, result):
        self._result("changed" if result.result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result):
        self._result("skipped", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        self._result("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            self._tell("host", host=host, **stats.summarize(host))
