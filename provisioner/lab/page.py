"""The lab's state as a web page: plain HTML that renews itself, without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from provisioner.lab.standing import Guest, Standing

_SECONDS = 5
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1b1b; background: #fff }
h1 { font-size: 1.35rem } h2 { font-size: 1.1rem; margin-top: 1.6rem }
table { border-collapse: collapse; width: 100% } caption { text-align: left; color: #555; padding-bottom: .3rem }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.running { color: #0a5c2b } .stopped { color: #8a1f11 } .frozen { color: #7a4b00 } .fault { background: #fff3e0 }
pre { background: #111; color: #eee; padding: 1rem; overflow: auto; white-space: pre-wrap }
img { max-width: 100%; border: 1px solid #ccc }
"""


def document(title: str, body: str, seconds: int = _SECONDS) -> str:
    """Return a whole page that renews itself."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="{seconds}">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def duration(seconds: int) -> str:
    """Return a time as people say it: 3 s, 12 min, 5 h 04, 2 d 3 h."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60:02d}" if days == 0 else f"{days} d {hours % 24} h"


def _row(one: Guest) -> str:
    links = f'<a href="/console/{one.vmid}">console</a>' if one.driver != "record" else ""
    links += f' <a href="/screen/{one.vmid}">screen</a>' if one.driver == "qemu" and one.state != "stopped" else ""
    memory = f"{one.memory / 2**20:.0f} MiB" if one.memory else ""
    up = duration(one.uptime) if one.state != "stopped" else ""
    cells = (f'<td class="{escape(one.state)}">{escape(one.state)}</td>', f'<td class="n">{up}</td>', f'<td class="n">{memory}</td>')
    return f"<tr><td>{one.vmid}</td><td>{escape(one.name)}</td><td>{escape(one.driver)}</td>{''.join(cells)}<td>{links}</td></tr>"


def _guests(node: str, guests: Sequence[Guest]) -> str:
    head = "<tr><th>VMID</th><th>guest</th><th>driver</th><th>state</th><th>since</th><th>memory</th><th></th></tr>"
    return f"<h2>{escape(node) or 'unknown to the API'}</h2><table>{head}{''.join(map(_row, guests))}</table>"


def html(standing: Standing) -> str:
    """Return the page of the lab's state."""
    running = sum(1 for one in standing.guests if one.state == "running")
    api = f"API on port {standing.port}, process {standing.pid}" if standing.pid else "the API does not run"
    rows = "".join(
        f'<tr class="fault"><td>{escape(one.kind)}</td><td>{escape(one.subject)}</td><td>{escape(one.what)}</td></tr>'
        for one in standing.faults
    )
    faults = f"<h2>Faults made on purpose</h2><table>{rows}</table>" if rows else "<p>No fault is in force.</p>"
    nodes = sorted({one.node for one in standing.guests})
    tables = "".join(_guests(node, [one for one in standing.guests if one.node == node]) for node in nodes)
    body = (
        f"<h1>Teranga: the lab {escape(standing.prefix)}</h1><p>{api}. Sites: {escape(', '.join(standing.sites)) or 'none'}. "
        f"{running} of {len(standing.guests)} guests run.</p>{faults}{tables}"
    )
    return document(f"Lab {standing.prefix}", body)
