"""The catalogue of metrics: every name, label and help text; docs/reference/metrics.md explains them."""

from __future__ import annotations

from monitoring.exposition import Family, Kind
from monitoring.measures.track import BUCKETS

_PATH = ("site", "path")
_PORT = ("device", "port", "lane", "end")
_ONT = ("olt", "pon", "ont")
_LINK = ("device", "port")

PROBE_SENT = Family("site_probe_sent_total", Kind.COUNTER, "Echo requests that left for the site over the path.", _PATH)
PROBE_LOST = Family("site_probe_lost_total", Kind.COUNTER, "Echo requests not answered in time; late ones included.", _PATH)
PROBE_DUPLICATES = Family("site_probe_duplicates_total", Kind.COUNTER, "Further answers to an answered request.", _PATH)
PROBE_SEND_ERRORS = Family("site_probe_send_errors_total", Kind.COUNTER, "Requests our own side could not send.", _PATH)
PROBE_LATE = Family("site_probe_late_total", Kind.COUNTER, "Answers that came after their time.", _PATH)
PROBE_RTT = Family("site_probe_rtt_seconds", Kind.HISTOGRAM, "Round-trip time by the kernel's stamps.", _PATH, BUCKETS)
PROBE_RTT_MIN = Family("site_probe_rtt_min_seconds", Kind.GAUGE, "Least round-trip time of the last minute or two.", _PATH)
PROBE_JITTER = Family("site_probe_jitter_seconds", Kind.GAUGE, "99th percentile minus least round-trip time of the last minute.", _PATH)
SITE_UP = Family("site_up", Kind.GAUGE, "1 if the site answers over the path, 0 if not; absent while unknown.", _PATH)

RX_POWER = Family("fibre_rx_power_dbm", Kind.GAUGE, "Received optical power.", _PORT)
TX_POWER = Family("fibre_tx_power_dbm", Kind.GAUGE, "Launched optical power.", _PORT)
RX_LIMIT = Family(
    "fibre_rx_power_limit_dbm", Kind.GAUGE, "Limits of received power: the module's own, else its class's.", (*_PORT, "limit")
)
TX_BIAS = Family("fibre_tx_bias_amperes", Kind.GAUGE, "Bias current of the laser.", _PORT)
MODULE_TEMPERATURE = Family("fibre_module_temperature_celsius", Kind.GAUGE, "Temperature of the module.", _PORT)
MODULE_VOLTAGE = Family("fibre_module_voltage_volts", Kind.GAUGE, "Supply voltage of the module.", _PORT)
RX_LOS = Family("fibre_rx_los", Kind.GAUGE, "1 if the device reports loss of signal.", _PORT)
READING_VALID = Family(
    "fibre_optics_reading_valid", Kind.GAUGE, "1 if the last reading can be believed; the reason if not.", (*_PORT, "reason")
)
READING_TIMESTAMP = Family("fibre_optics_reading_timestamp_seconds", Kind.GAUGE, "When the port was last read.", _PORT)
OPTICS_INFO = Family("fibre_optics_info", Kind.INFO, "What the port belongs to.", (*_PORT, "site", "segment", "optics"))

ONT_UP = Family("pon_ont_up", Kind.GAUGE, "1 if the OLT calls the ONT up; absent while unknown.", _ONT)
ONT_CAUSE = Family("pon_ont_last_down_cause", Kind.GAUGE, "1 at the cause of the ONT's last fall.", (*_ONT, "cause"))
ONT_DOWN_AT = Family("pon_ont_last_down_timestamp_seconds", Kind.GAUGE, "When the ONT last fell, by its OLT's corrected clock.", _ONT)
ONT_GASP_AT = Family("pon_ont_last_gasp_timestamp_seconds", Kind.GAUGE, "When the ONT last said that it loses power.", _ONT)
ONT_DISTANCE = Family("pon_ont_distance_meters", Kind.GAUGE, "Ranged length of fibre between OLT and ONT.", _ONT)
OLT_RX_POWER = Family("pon_olt_rx_power_dbm", Kind.GAUGE, "Power that the OLT receives from the ONT.", _ONT)
ONT_INFO = Family("pon_ont_info", Kind.INFO, "The site that the ONT feeds.", (*_ONT, "site"))

LINK_RECEIVED = Family("link_receive_bytes_total", Kind.COUNTER, "Bytes received.", _LINK)
LINK_SENT = Family("link_transmit_bytes_total", Kind.COUNTER, "Bytes sent.", _LINK)
LINK_ERRORS = Family("link_errors_total", Kind.COUNTER, "Frames in error.", (*_LINK, "direction"))
LINK_SPEED = Family("link_speed_bytes_per_second", Kind.GAUGE, "Speed of the interface.", _LINK)
LINK_UP = Family("link_up", Kind.GAUGE, "1 if the interface is operational.", _LINK)

RX_BASELINE = Family("fibre_rx_power_baseline_dbm", Kind.GAUGE, "Median received power of the days before.", _PORT)
RX_STEP = Family("fibre_rx_power_step_db", Kind.GAUGE, "Loss that came at once and stays; 0 if there is none.", _PORT)
RX_DRIFT = Family("fibre_rx_power_drift_db_per_day", Kind.GAUGE, "Slope of received power; below 0 it falls.", _PORT)
MARGIN = Family("fibre_margin_db", Kind.GAUGE, "Received power above the low alarm limit.", _PORT)
LOW_READS = Family("fibre_rx_power_low_reads", Kind.GAUGE, "Last readings in a row at or below the limit.", (*_PORT, "limit"))
BIAS_BASELINE = Family("fibre_tx_bias_baseline_amperes", Kind.GAUGE, "Median bias current of the days before.", _PORT)
TX_BASELINE = Family("fibre_tx_power_baseline_dbm", Kind.GAUGE, "Median launched power of the days before.", _PORT)
RTT_STEP = Family("site_probe_rtt_min_step_seconds", Kind.GAUGE, "Rise of the least round-trip time without loss: a longer way.", _PATH)

SITE_STATE = Family("site_state", Kind.GAUGE, "1 at the site's state: up, down or unknown.", ("site", "state"))
SITE_INFO = Family("noc_site_info", Kind.INFO, "What the site is.", ("site", "pole", "kind", "tier"))
SITE_MAINTENANCE = Family("noc_site_maintenance", Kind.GAUGE, "1 while work on the site is announced.", ("site",))
DEVICE_INFO = Family("noc_device_info", Kind.INFO, "Where the device stands.", ("device", "kind", "site"))
PATH_SEGMENT = Family("noc_site_path_segment_info", Kind.INFO, "A segment that the path runs over.", ("site", "path", "segment"))
SEGMENT_UP = Family("fibre_segment_up", Kind.GAUGE, "1 if the segment carries a path, 0 if blamed; absent if unknown.", ("segment",))
SEGMENT_INFO = Family("fibre_segment_info", Kind.INFO, "The segment's title.", ("segment", "title"))
SEGMENT_MAINTENANCE = Family("noc_segment_maintenance", Kind.GAUGE, "1 while work on the segment is announced.", ("segment",))
INCIDENT_ACTIVE = Family(
    "noc_incident_active", Kind.GAUGE, "1 for each open incident and blamed segment.", ("incident", "segment", "cause", "confidence")
)
INCIDENT_SITES = Family("noc_incident_sites", Kind.GAUGE, "Sites that the incident takes down.", ("incident",))
INCIDENT_WEAKENED = Family("noc_incident_weakened_sites", Kind.GAUGE, "Sites that lost one of their paths by it.", ("incident",))
INCIDENT_START = Family("noc_incident_start_timestamp_seconds", Kind.GAUGE, "When the incident began.", ("incident",))
INCIDENT_SITE = Family("noc_incident_site_info", Kind.INFO, "A site of an incident that blames no one segment.", ("incident", "site"))

OTDR_BREAK = Family(
    "fibre_otdr_break_meters", Kind.GAUGE, "Where a trace says that the fibre ends, from the segment's first end.", ("segment", "end")
)
OTDR_AT = Family("fibre_otdr_timestamp_seconds", Kind.GAUGE, "When the trace was taken from this end.", ("segment", "end"))

LAST_SUCCESS = Family("noc_target_last_success_timestamp_seconds", Kind.GAUGE, "When the device last answered.", ("device", "collector"))
COLLECTOR_DURATION = Family(
    "noc_collector_duration_seconds", Kind.GAUGE, "How long the last poll of the device took.", ("device", "collector")
)
COLLECTOR_ERRORS = Family("noc_collector_errors_total", Kind.COUNTER, "Polls that failed.", ("device", "collector", "reason"))
POLL_OVERRUNS = Family(
    "noc_poll_overruns_total", Kind.COUNTER, "Polls left out because the one before was not done.", ("device", "collector")
)
CLI_UNKNOWN = Family("noc_cli_unknown_rows_total", Kind.COUNTER, "Rows of a device's command line that nobody understood.", ("device",))
REPLIES_DROPPED = Family("noc_probe_replies_dropped_total", Kind.COUNTER, "Replies that the kernel dropped before they were read.")
PROBER_STALLS = Family("noc_prober_stalls_total", Kind.COUNTER, "Times the prober was kept from running for two intervals.")
RELOADS = Family("noc_topology_reloads_total", Kind.COUNTER, "Readings of the topology by their outcome.", ("outcome",))
BUILD_INFO = Family("noc_exporter_build_info", Kind.INFO, "Version of this exporter, and of what it watches.", ("version", "topology"))
COLLECTOR_PERIOD = Family("noc_collector_period_seconds", Kind.GAUGE, "How often the device is asked.", ("device", "collector"))
CLOCK_OFFSET = Family("noc_clock_offset_seconds", Kind.GAUGE, "The device's clock minus ours.", ("device",))

CATALOGUE = tuple(value for value in dict(globals()).values() if isinstance(value, Family))
