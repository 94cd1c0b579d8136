"""A real Chromium, driven through its DevTools protocol; only what the tests of the page need."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

_START_SECONDS = 60
_CALL_SECONDS = 60
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # as root; it visits loopback only
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


def installed() -> str | None:
    """Return where Chromium is, or None."""
    return shutil.which("chromium")


class Browser:
    """One browser with one page. Errors of the page's console and its policy are kept in `complaints`."""

    def __init__(self, program: str, folder: Path) -> None:
        """Start the browser and connect to its page."""
        argv = [program, *_ARGUMENTS, f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._loop = asyncio.new_event_loop()
        self._number = 0
        self.complaints: list[str] = []
        self._events: list[str] = []
        try:
            self._session, self._socket = self._loop.run_until_complete(self._connect(self._port(folder / "DevToolsActivePort")))
        except BaseException:
            self._end()
            raise
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """Stop the browser and wait for its end."""
        self._loop.run_until_complete(self._socket.close())
        self._loop.run_until_complete(self._session.close())
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _port(self, file: Path) -> str:
        until = time.monotonic() + _START_SECONDS
        while not (file.exists() and file.read_text()):
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError("Chromium did not start")
            time.sleep(0.05)
        return file.read_text().split()[0]

    async def _connect(self, port: str) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
        session = aiohttp.ClientSession()
        try:
            while True:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [one for one in await answer.json() if one["type"] == "page"]
                if pages:
                    break
                await asyncio.sleep(0.05)
            return session, await session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        except BaseException:
            await session.close()
            raise

    def call(self, method: str, **parameters: object) -> dict[str, object]:
        """Call a method of the protocol and return its result."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), _CALL_SECONDS))

    async def _call(self, method: str, parameters: dict[str, object]) -> dict[str, object]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = await self._socket.receive_json()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                result: dict[str, object] = told["result"]
                return result
            self._hear(told)

    def _hear(self, told: dict[str, object]) -> None:
        method = str(told.get("method"))
        self._events.append(method)
        if method in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.complaints.append(str(told["params"]))

    def open(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._events.clear()
        self.complaints.clear()
        self.call("Page.navigate", url=address)
        self.until(lambda: "Page.loadEventFired" in self._events, "the page to load")

    def run(self, expression: str) -> object:
        """Return what an expression gives in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        match answer["result"]:
            case {"value": value}:
                found: object = value
                return found
            case _:
                return None

    def until(self, condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"waited {seconds} s for {what}; complaints: {self.complaints}")
            self.run("0")
            time.sleep(0.05)

    def until_true(self, expression: str, seconds: float = 20.0) -> None:
        """Wait until an expression is true in the page."""
        self.until(lambda: self.run(expression), expression, seconds)

    def size(self, width: int, height: int) -> None:
        """Give the window a size; a narrow one is a telephone."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def key(self, name: str, code: int) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Write a picture of the window, or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(str(data)))
