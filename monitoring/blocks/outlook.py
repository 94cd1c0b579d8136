"""What still works but not for long, as samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitoring import families
from monitoring.degradation.light import LightMemory, Outlook
from monitoring.degradation.store import LightKey
from monitoring.exposition import Block, block
from monitoring.observed import Detour

Labels = tuple[str, str, str, str]


def outlook_blocks(
    labels: Mapping[LightKey, Labels],
    lights: Mapping[LightKey, LightMemory],
    outlooks: Mapping[LightKey, Outlook],
    detours: tuple[Detour, ...],
) -> Iterator[Block]:
    """Yield the samples of every receiver and of every detour; what is not known is absent."""
    told = [(labels[key], outlook) for key, outlook in outlooks.items() if key in labels]
    yield block(families.RX_BASELINE, {at: one.baseline for at, one in told if one.baseline is not None})
    yield block(families.RX_STEP, {at: one.step for at, one in told if one.baseline is not None})
    yield block(families.RX_DRIFT, {at: one.drift for at, one in told if one.drift is not None})
    yield block(families.MARGIN, {at: one.margin for at, one in told if one.margin is not None})
    memories = [(labels[key], memory) for key, memory in lights.items() if key in labels]
    low = {(*at, "low_alarm"): float(memory.low_alarm) for at, memory in memories}
    low |= {(*at, "low_warning"): float(memory.low_warning) for at, memory in memories}
    yield block(families.LOW_READS, low)
    biases = {at: memory.bias.first for at, memory in memories}
    yield block(families.BIAS_BASELINE, {at: value for at, value in biases.items() if value is not None})
    sent = {at: memory.tx.first for at, memory in memories}
    yield block(families.TX_BASELINE, {at: value for at, value in sent.items() if value is not None})
    yield block(families.RTT_STEP, {(one.site, one.path): one.step for one in detours})
