"""Tasks of a node: list, status, log."""

from __future__ import annotations

from provisioner.lab.proxmox.access import EVERYONE
from provisioner.lab.proxmox.calls import Call, Calls
from provisioner.lab.proxmox.failure import Failure
from provisioner.lab.proxmox.parameters import VMID, boolean, integer, text
from provisioner.lab.proxmox.tasks import Task
from provisioner.lab.proxmox.values import Beside, Document, Json, split_list

CALLS = Calls()
CALLS.index("/nodes/{node}/tasks/{upid}", "name", ("log", "status"))
_LINES = 50  # Proxmox's default limit


def _shown(task: Task) -> Document:
    user, _, token = task.user.partition("!")
    row: Document = {
        "upid": task.upid,
        "node": task.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.starttime,
        "type": task.type,
        "id": task.id,
        "user": user,
    }
    return row | ({"tokenid": token} if token else {})


def _may_read(call: Call, task: Task) -> bool:
    return task.user.partition("!")[0] == call.who.user or call.allowed(f"/nodes/{task.node}", "Sys.Audit")


def _task(call: Call) -> Task:
    task = call.lab.tasks.find(call.text("upid"))
    if not _may_read(call, task):
        raise Failure.denied(f"/nodes/{task.node}", "Sys.Audit")
    return task


def _row(task: Task) -> Document:
    if task.endtime is None:
        return _shown(task) | {"status": "RUNNING", "user": task.user, "saved": "0"}
    return _shown(task) | {"status": task.exitstatus, "endtime": task.endtime}


def _wanted(call: Call, task: Task) -> bool:
    kinds = split_list(call.text("typefilter"))
    return all(
        (
            _may_read(call, task),
            call.text("source", "archive") in ("all", "active" if task.endtime is None else "archive"),
            not kinds or task.type in kinds,
            not call.has("vmid") or task.id == str(call.vmid),
            not call.has("userfilter") or call.text("userfilter") in task.user,
            not call.has("since") or task.starttime >= call.integer("since"),
            not call.has("until") or task.starttime <= call.integer("until"),
            not call.flag("errors") or (task.exitstatus is not None and task.exitstatus != "OK"),
        )
    )


@CALLS.get(
    "/nodes/{node}/tasks",
    parameters={
        "start": integer(optional=True, minimum=0),
        "limit": integer(optional=True, minimum=0),
        "userfilter": text(optional=True),
        "typefilter": text(optional=True),
        "vmid": integer(optional=True, check=VMID.check),
        "errors": boolean(),
        "source": text(optional=True, enum=("archive", "active", "all")),
        "since": integer(optional=True),
        "until": integer(optional=True),
        "statusfilter": text(optional=True),
    },
)
def list_tasks(call: Call) -> Json | Beside:
    """Return the tasks that the caller may see, the latest first."""
    rows = [_row(task) for task in call.lab.tasks.of_node(call.node) if _wanted(call, task)]
    start = call.integer("start")
    return Beside(rows[start : start + call.integer("limit", _LINES)], {"total": len(rows)})


@CALLS.get("/cluster/tasks")
def cluster_tasks(call: Call) -> Json:
    """Return the latest tasks of every node that the caller may see."""
    tasks = [task for node in call.lab.store.keys("node") for task in call.lab.tasks.of_node(node) if _may_read(call, task)]
    tasks.sort(key=lambda task: task.starttime, reverse=True)
    rows: list[Document] = [_row(task) | {"saved": "0" if task.endtime is None else "1"} for task in tasks[:_LINES]]
    return [{key: value for key, value in row.items() if key != "pstart"} for row in rows]


@CALLS.get("/nodes/{node}/tasks/{upid}/status")
def task_status(call: Call) -> Json:
    """Return whether a task runs, and how it ended."""
    task = _task(call)
    if task.endtime is None:
        return _shown(task) | {"status": "running"}
    return _shown(task) | {"status": "stopped", "exitstatus": task.exitstatus}


@CALLS.get(
    "/nodes/{node}/tasks/{upid}/log",
    parameters={"start": integer(optional=True, minimum=0), "limit": integer(optional=True, minimum=0), "download": boolean()},
)
def task_log(call: Call) -> Json | Beside:
    """Return the lines of a task's log."""
    rows = call.lab.tasks.lines(_task(call).upid)
    start, limit = call.integer("start"), call.integer("limit", _LINES)
    return Beside(rows[start : start + limit] if limit else rows[start:], {"total": len(rows)})


@CALLS.delete("/nodes/{node}/tasks/{upid}", allow=EVERYONE)
def stop_task(call: Call) -> Json:
    """Stop a task: here only one that has ended can be asked to, since tasks are short."""
    task = call.lab.tasks.find(call.text("upid"))
    if task.user.partition("!")[0] != call.who.user:
        call.require(f"/nodes/{task.node}", "Sys.Modify")
    if task.endtime is None:
        raise Failure.of("the lab cannot stop a running task")
    return None
