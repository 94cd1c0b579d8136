"""Pulumi's language host for Python: the engine starts it for `pulumi new`, and for `pulumi up` in a project's folder.

The set-up installs it as `pulumi-language-python` beside the engine, started by the virtual environment's Python.
It prints its port and serves one engine until that ends it. Each program runs in a child, `language_host.py run`,
which gets its whole request (with secrets) on standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO

import grpc
from pulumi import RunError, log
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, language_pb2_grpc, plugin_pb2

ERROR_WAS_SHOWN = 32  # exit status of a program whose error the engine has already
_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes, as in the engine
_PARENT_POLL = 1.0  # seconds

_children: set[subprocess.Popen[bytes]] = set()


def python_of(info: language_pb2.ProgramInfo) -> Path:
    """Return the Python of the project's `virtualenv` option; without one, or before it is made, our own."""
    found = _virtualenv(info)
    return found / "bin" / "python" if found and (found / "bin" / "python").exists() else Path(sys.executable)


def _virtualenv(info: language_pb2.ProgramInfo) -> Path | None:
    fields = info.options.fields
    name = fields["virtualenv"].string_value if "virtualenv" in fields else ""
    return Path(info.root_directory) / name if name else None


def _kept(child: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Remember a child until it is done with, so that it ends with us."""
    _children.add(child)
    return child


def _end(*_signal: object) -> None:
    """Leave at once with every child: the engine shows a traceback among its diagnostics otherwise."""
    for child in tuple(_children):
        with contextlib.suppress(OSError):
            child.terminate()
    os._exit(0)


class Host(LanguageRuntimeServicer):
    """What the engine asks."""

    def Handshake(self, request: object, context: object) -> language_pb2.LanguageHandshakeResponse:
        """Accept."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: object, context: object) -> plugin_pb2.PluginInfo:
        """Return the version: that of the pulumi package."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(self, request: language_pb2.AboutRequest, context: object) -> language_pb2.AboutResponse:
        """Return which Python runs programs."""
        version = ".".join(str(part) for part in sys.version_info[:3])
        return language_pb2.AboutResponse(executable=str(python_of(request.info)), version=version)

    def RuntimeOptionsPrompts(self, request: object, context: object) -> language_pb2.RuntimeOptionsResponse:
        """Ask nothing: templates say which virtual environment they use."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: object, context: object) -> language_pb2.TemplateResponse:
        """Leave the new project as the template made it."""
        return language_pb2.TemplateResponse()

    def GetRequiredPlugins(self, request: object, context: object) -> language_pb2.GetRequiredPluginsResponse:
        """Return none: engines of today ask for packages."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: object
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Return the provider plugins that packages of the virtual environment name in their pulumi-plugin.json."""
        site = python_of(request.info).parent.parent / "lib"
        found = (json.loads(file.read_text()) for file in sorted(site.glob("python3*/site-packages/*/pulumi-plugin.json")))
        packages = [
            plugin_pb2.PackageDependency(
                name=one.get("name", ""), kind="resource", version=f"v{one['version'].lstrip('v')}", server=one.get("server", "")
            )
            for one in found
            if one.get("resource") and one.get("version")
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: object
    ) -> language_pb2.GetProgramDependenciesResponse:
        """Return the packages of the virtual environment."""
        argv = [str(python_of(request.info)), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
        listed = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
        found = [language_pb2.DependencyInfo(name=one["name"], version=one["version"]) for one in listed]
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: object
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Make the virtual environment if it is missing, and install requirements.txt into it, if there is one."""
        folder = Path(request.directory or request.info.program_directory)
        environment = _virtualenv(request.info)
        if environment and not (environment / "bin" / "python").exists():
            yield from _told([sys.executable, "-m", "venv", str(environment)], folder)
        if (folder / "requirements.txt").exists():
            yield from _told([str(python_of(request.info)), "-m", "pip", "install", "-r", "requirements.txt"], folder)

    def Run(self, request: language_pb2.RunRequest, context: object) -> language_pb2.RunResponse:
        """Run the program in a child and return its error, if any."""
        argv = [str(python_of(request.info)), "-u", __file__, "run"]
        child = _kept(subprocess.Popen(argv, stdin=subprocess.PIPE, cwd=request.info.program_directory or request.pwd or None))
        child.communicate(request.SerializeToString())
        _children.discard(child)
        if child.returncode == ERROR_WAS_SHOWN:
            return language_pb2.RunResponse(bail=True)
        error = f"the program ended with status {child.returncode}" if child.returncode else ""
        return language_pb2.RunResponse(error=error)

    def RunPlugin(self, request: language_pb2.RunPluginRequest, context: object) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin that is written in Python, such as a policy pack, and hand over what it writes."""
        program = Path(request.info.program_directory) / (request.info.entry_point or ".")
        variables = dict(pair.split("=", 1) for pair in request.env if "=" in pair)
        argv = [str(python_of(request.info)), "-u", str(program), *request.args]
        env = os.environ | variables
        child = _kept(subprocess.Popen(argv, cwd=request.pwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        if child.stdout is None or child.stderr is None:
            raise AssertionError(argv)
        errors: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(child.stderr, errors), daemon=True)
        reader.start()
        for line in child.stdout:
            yield language_pb2.RunPluginResponse(stdout=line)
        reader.join()
        yield from (language_pb2.RunPluginResponse(stderr=line) for line in errors)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())
        _children.discard(child)


def _drain(pipe: IO[bytes], lines: list[bytes]) -> None:
    lines.extend(pipe)


def _told(argv: list[str], folder: Path) -> Iterator[language_pb2.InstallDependenciesResponse]:
    child = _kept(subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    if child.stdout is None:
        raise AssertionError(argv)
    for line in child.stdout:
        yield language_pb2.InstallDependenciesResponse(stdout=line)
    _children.discard(child)
    if child.wait():
        raise RuntimeError(f"{' '.join(argv)} ended with status {child.returncode}")


def _program_of(request: language_pb2.RunRequest) -> str:
    folder = Path(request.info.program_directory or request.pwd)
    entry = request.info.entry_point or request.program or "."
    return str((folder / entry).resolve())


def run() -> int:
    """Run one program, in the child: its request comes on standard input."""
    request = language_pb2.RunRequest.FromString(sys.stdin.buffer.read())
    reset_options(
        project=request.project,
        stack=request.stack,
        monitor_address=request.monitor_address,
        engine_address=request.args[0] if request.args else "",
        parallel=request.parallel,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    program = _program_of(request)
    sys.path.insert(0, program if Path(program).is_dir() else str(Path(program).parent))
    sys.argv = [program, *request.args[1:]]
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a failed program leaves tasks behind
    return _outcome(program)


def _outcome(program: str) -> int:
    def execute() -> None:
        runpy.run_path(program, run_name="__main__")

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run_in_stack(execute))
    except RunError as error:
        log.error(str(error))
        return ERROR_WAS_SHOWN
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAVAILABLE:  # the engine is shutting down
            return ERROR_WAS_SHOWN
        log.error(f"the engine refused: {error.details()}")
        return ERROR_WAS_SHOWN
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else int(bool(leave.code))
    except Exception as error:  # noqa: BLE001  # a program may raise anything
        log.error(f"the program failed: {error}\n{traceback.format_exc()}")
        return ERROR_WAS_SHOWN
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve() -> int:
    """Serve the engine that started us until it ends us or is gone."""
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    limits = [("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.max_send_message_length", _LARGEST_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    engine = os.getppid()
    while os.getppid() == engine:
        time.sleep(_PARENT_POLL)
    _end()
    return 0


if __name__ == "__main__":
    sys.exit(run() if sys.argv[1:] == ["run"] else serve())
