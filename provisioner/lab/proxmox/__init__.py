"""A Proxmox VE 9.2 compatible API: HTTPS, parameters, rights, tasks and state are real, guests are the driver's.

How a request goes: `transport` splits the path (before it decodes it), finds the route in `served`, `auth` names the caller, the
route's `allow` is asked (before existence and before the body, as Proxmox does), the node is looked up, `parameters.verify` checks
every parameter at once, then the handler runs in a thread and returns JSON for `data`, or a UPID.

How to add a call:

 1. In the module of the object kind (one kind, one module) make `CALLS = Calls()` and write

        @CALLS.put("/cluster/options", allow=Need("/", "Sys.Modify"), parameters={"keyboard": text(optional=True)})
        def change_options(call: Call) -> Json:
            '''Change the options of the datacentre.'''
            ...
            return None

    Path parameters (`{node}`, `{vmid}`, ...) have types in `parameters.IN_PATH`; add what is missing there, or name them in `parameters=`.
 2. Name the module in `served.py`.

 - `allow`: `EVERYONE` (a login is enough), `NOBODY_ASKED` (no login), `Need(path, *privileges, any_of=False)`, `AnyOf(...)`, `AllOf(...)`;
   paths may hold `{parameters}`. In a handler `call.allowed(path, privilege)` filters lists, `call.require(path, privilege)` raises a 403.
 - `parameters`: `text`, `integer`, `number`, `boolean` with `optional`, `enum`, `minimum`, `maximum`, `max_length`, `pattern`, `check`,
   `requires`; a key `net[n]` takes net0, net1, ... Booleans arrive as 0 or 1. `call.text("x")`, `call.integer("x")`, `call.flag("x")`,
   `call.has("x")` read them.
 - Raise `Failure.of(reason)` for a 500, `Failure.parameter(name, text)` for a 400 with `errors`, `Failure.denied(path, privileges)`.
 - `call.lab.store` keeps JSON documents: `get(kind, key)`, `put(kind, key, document)`, `delete(kind, key)`, `items(kind, prefix)`;
   `with store.transaction():` makes several of them one.
 - `digest(document)` and `check_digest(call, document)` are Proxmox's `digest` parameter.
 - `call.task("imgdel", "", work)` runs `work(log)` as a task and returns its UPID; what it raises becomes the exit status.
 - `Beside(data, {"total": 3})` puts members beside `data`.
 - `CALLS.index(path, key, names)` answers a directory.
"""
