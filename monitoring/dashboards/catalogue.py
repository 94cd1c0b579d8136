"""What the dashboards show. Titles are French; expressions read the exporter's metrics and the recording rules."""

from __future__ import annotations

from monitoring.dashboards.panels import Dashboard, Kind, Panel, Query

_POLE = ("pole", "Pôle", 'label_values(site:info:max{kind="pole"}, site)')
_SITE = ("site", "Site", "label_values(site:info:max, site)")
_DEVICE = ("device", "Équipement", "label_values(fibre_optics_info, device)")
_LINK_DEVICE = ("device", "Équipement", "label_values(link_up, device)")
_OLT = ("olt", "OLT", "label_values(pon_ont_up, olt)")
_PORT = '{device="$device"}'


def _number(title: str, expression: str, *, bad: float | None = 1, unit: str = "none", low: bool = False) -> Panel:
    return Panel(title=title, queries=(Query(expression=expression),), kind=Kind.NUMBER, unit=unit, width=4, height=4, bad=bad, low=low)


def _lines(title: str, unit: str, *queries: tuple[str, str], bad: float | None = None, help_: str = "", width: int = 12) -> Panel:
    made = tuple(Query(expression=expression, legend=legend) for expression, legend in queries)
    return Panel(title=title, queries=made, unit=unit, bad=bad, help=help_, width=width)


COUNTRY = Dashboard(
    uid="teranga-pays",
    title="Teranga – Pays",
    panels=(
        _number("Sites hors service", 'count(max by (site) (site_state{state="down"}) == 1) or vector(0)'),
        _number("Sites inconnus", 'count(max by (site) (site_state{state="unknown"}) == 1) or vector(0)'),
        _number("Segments en panne", "count(segment:up:max == 0) or vector(0)"),
        _number("Incidents ouverts", "count(count by (incident) (noc_incident_active == 1)) or vector(0)"),
        _number("Sites en maintenance", "count(max by (site) (noc_site_maintenance) == 1) or vector(0)", bad=None),
        _number("Alertes actives", 'count(ALERTS{alertstate="firing", severity="critical"}) or vector(0)'),
        Panel(
            title="Incidents",
            kind=Kind.TABLE,
            width=24,
            queries=(
                Query(
                    expression="max by (incident, segment, cause, confidence) (noc_incident_active == 1)"
                    " * on (incident) group_left () max by (incident) (noc_incident_sites)"
                ),
            ),
            columns=(
                ("incident", "Incident"),
                ("cause", "Cause"),
                ("confidence", "Confiance"),
                ("segment", "Segment"),
                ("Value", "Sites hors service"),
            ),
        ),
        _lines(
            "Sites par état",
            "none",
            ("sum by (state) (max by (site, state) (site_state))", "{{state}}"),
            help_="Un site inconnu n’est ni en service ni hors service.",
        ),
        _lines("Sites isolés par pôle", "none", ("pole:sites_isolated:count", "{{pole}}")),
        _lines("Pertes les plus fortes", "percentunit", ("topk(10, site_path:loss:ratio_rate5m > 0.001)", "{{site}} {{path}}"), bad=0.01),
        _lines("Délais les plus longs (99e centile)", "s", ("topk(10, site_path:rtt_seconds:p99_5m)", "{{site}} {{path}}"), bad=0.2),
    ),
)

POLE = Dashboard(
    uid="teranga-pole",
    title="Teranga – Pôle",
    variables=(_POLE,),
    panels=(
        _number("Sites du pôle", 'pole:sites:count{pole="$pole"}', bad=None),
        _number("Sites isolés", 'pole:sites_isolated:count{pole="$pole"} or vector(0)'),
        _number("Indisponibilité, 3 jours", 'pole:unplanned_down:ratio_avg3d{pole="$pole"}', unit="percentunit", bad=0.005),
        Panel(
            title="Sites du pôle",
            kind=Kind.STATES,
            width=24,
            height=14,
            queries=(Query(expression='site:up:max * on (site) group_left () site:info:max{pole="$pole"}', legend="{{site}}"),),
        ),
        _lines(
            "Pertes",
            "percentunit",
            ('site_path:loss:ratio_rate5m * on (site) group_left () site:info:max{pole="$pole"}', "{{site}} {{path}}"),
            bad=0.01,
        ),
        _lines(
            "Délai moyen", "s", ('site_path:rtt_seconds:mean5m * on (site) group_left () site:info:max{pole="$pole"}', "{{site}} {{path}}")
        ),
    ),
)

SITE = Dashboard(
    uid="teranga-site",
    title="Teranga – Site",
    variables=(_SITE,),
    panels=(
        Panel(
            title="Chemins",
            kind=Kind.STATES,
            width=24,
            height=6,
            queries=(Query(expression='max by (path) (site_up{site="$site"})', legend="{{path}}"),),
        ),
        _lines(
            "Délai",
            "s",
            ('site_path:rtt_seconds:p99_5m{site="$site"}', "{{path}} p99"),
            ('site_path:rtt_seconds:mean5m{site="$site"}', "{{path}} moyenne"),
            ('min by (path) (site_probe_rtt_min_seconds{site="$site"})', "{{path}} minimum"),
            help_="10 µs par kilomètre de route : une marche du minimum est un détour.",
        ),
        _lines("Pertes", "percentunit", ('site_path:loss:ratio_rate5m{site="$site"}', "{{path}}"), bad=0.01),
        _lines(
            "Sondes en double, en retard ou non parties",
            "cps",
            ('sum by (path) (rate(site_probe_duplicates_total{site="$site"}[5m]))', "{{path}} en double"),
            ('sum by (path) (rate(site_probe_late_total{site="$site"}[5m]))', "{{path}} en retard"),
            ('sum by (path) (rate(site_probe_send_errors_total{site="$site"}[5m]))', "{{path}} non parties"),
        ),
        _lines(
            "Lumière reçue par l’ONT",
            "dBm",
            (
                'max by (device, port, lane) (fibre_rx_power_dbm and on (device, port, lane, end) fibre_optics_info{site="$site"})',
                "{{device}} {{port}} {{lane}}",
            ),
        ),
        Panel(
            title="Segments de ses chemins",
            kind=Kind.STATES,
            queries=(
                Query(
                    expression='segment:up:max and on (segment) noc_site_path_segment_info{site="$site"}',
                    legend="{{segment}}",
                ),
            ),
        ),
        Panel(
            title="État tenu pour le SLA",
            kind=Kind.LINES,
            unit="none",
            queries=(
                Query(expression='site:unplanned_down:bool{site="$site"}', legend="hors service, non planifié"),
                Query(expression='max by (site) (noc_site_maintenance{site="$site"})', legend="maintenance"),
                Query(expression='max by (site) (site_state{site="$site", state="unknown"})', legend="inconnu"),
            ),
        ),
    ),
)

OPTICS = Dashboard(
    uid="teranga-optique",
    title="Teranga – Optique",
    variables=(_DEVICE,),
    hours=24 * 7,
    panels=(
        _lines(
            "Puissance reçue",
            "dBm",
            (f"fibre_rx_power_dbm{_PORT}", "{{port}} {{lane}}"),
            (f"fibre_rx_power_baseline_dbm{_PORT}", "{{port}} {{lane}} habituelle"),
            ('fibre_rx_power_limit_dbm{device="$device", limit="low_alarm"}', "{{port}} {{lane}} limite"),
            help_="La limite est celle du module ; à défaut, celle de sa classe.",
            width=24,
        ),
        _lines("Marge", "dB", (f"fibre_margin_db{_PORT}", "{{port}} {{lane}}"), bad=3),
        _lines("Marche", "dB", (f"fibre_rx_power_step_db{_PORT}", "{{port}} {{lane}}"), bad=1),
        _lines("Dérive par jour", "dB", (f"fibre_rx_power_drift_db_per_day{_PORT}", "{{port}} {{lane}}")),
        _lines("Puissance émise", "dBm", (f"fibre_tx_power_dbm{_PORT}", "{{port}} {{lane}}")),
        _lines(
            "Courant du laser",
            "amp",
            (f"fibre_tx_bias_amperes{_PORT}", "{{port}} {{lane}}"),
            (f"fibre_tx_bias_baseline_amperes{_PORT}", "{{port}} {{lane}} habituel"),
        ),
        _lines("Température", "celsius", (f"fibre_module_temperature_celsius{_PORT}", "{{port}}")),
        _lines("Tension", "volt", (f"fibre_module_voltage_volts{_PORT}", "{{port}}")),
        Panel(
            title="Lectures qu’on ne peut pas croire",
            kind=Kind.TABLE,
            queries=(Query(expression=f"fibre_optics_reading_valid{_PORT} == 0"),),
            columns=(("port", "Port"), ("lane", "Voie"), ("end", "Bout"), ("reason", "Raison")),
        ),
        _lines("Âge de la dernière lecture", "s", (f"time() - fibre_optics_reading_timestamp_seconds{_PORT}", "{{port}} {{lane}}")),
    ),
)

PON = Dashboard(
    uid="teranga-pon",
    title="Teranga – PON",
    variables=(_OLT,),
    panels=(
        _lines("ONT en service par PON", "none", ('sum by (pon) (pon_ont_up{olt="$olt"})', "{{pon}}")),
        _lines("ONT tombés ensemble", "none", ('pon:fell_together:count{olt="$olt"}', "{{pon}}"), bad=3),
        _lines("Lumière des ONT reçue par l’OLT", "dBm", ('pon_olt_rx_power_dbm{olt="$olt"}', "{{pon}} {{ont}}"), width=24),
        Panel(
            title="ONT tombés, et leur dernière cause",
            kind=Kind.TABLE,
            queries=(Query(expression='(pon_ont_last_down_cause{olt="$olt"} == 1) and on (olt, pon, ont) (pon_ont_up == 0)'),),
            columns=(("pon", "PON"), ("ont", "ONT"), ("cause", "Cause")),
        ),
        _lines("Longueur de fibre mesurée", "lengthm", ('pon_ont_distance_meters{olt="$olt"}', "{{pon}} {{ont}}")),
    ),
)

LINKS = Dashboard(
    uid="teranga-liens",
    title="Teranga – Liens",
    variables=(_LINK_DEVICE,),
    panels=(
        Panel(title="Ports", kind=Kind.STATES, width=24, height=6, queries=(Query(expression=f"link_up{_PORT}", legend="{{port}}"),)),
        _lines("Reçu", "Bps", (f"rate(link_receive_bytes_total{_PORT}[5m])", "{{port}}")),
        _lines("Émis", "Bps", (f"rate(link_transmit_bytes_total{_PORT}[5m])", "{{port}}")),
        _lines(
            "Occupation",
            "percentunit",
            (
                f"rate(link_receive_bytes_total{_PORT}[5m]) / on (device, port) (link_speed_bytes_per_second{_PORT} > 0)",
                "{{port}} reçu",
            ),
            (
                f"rate(link_transmit_bytes_total{_PORT}[5m]) / on (device, port) (link_speed_bytes_per_second{_PORT} > 0)",
                "{{port}} émis",
            ),
        ),
        _lines("Trames en erreur, par millier d’octets", "none", ('link:errors:ratio_rate15m{device="$device"}', "{{port}}")),
    ),
)

MONITORING = Dashboard(
    uid="teranga-supervision",
    title="Teranga – La supervision elle-même",
    panels=(
        _number("Exportateurs qui répondent", "count(count by (instance) (noc_exporter_build_info)) or vector(0)", bad=1, low=True),
        _number(
            "Équipements muets (3 périodes)",
            "count(time() - noc_target_last_success_timestamp_seconds > 3 * noc_collector_period_seconds) or vector(0)",
        ),
        _number("Arrêts du sondeur, 1 h", "sum(increase(noc_prober_stalls_total[1h]))"),
        _number("Réponses jetées, 1 h", "sum(increase(noc_probe_replies_dropped_total[1h]))"),
        _number("Topologies refusées, 1 j", 'sum(increase(noc_topology_reloads_total{outcome="refused"}[1d]))'),
        _number("Sondes par seconde", "sum(rate(site_probe_sent_total[5m]))", bad=None),
        _lines("Âge du dernier succès", "s", ("topk(20, time() - noc_target_last_success_timestamp_seconds)", "{{device}} {{collector}}")),
        _lines("Durée des collectes", "s", ("topk(20, noc_collector_duration_seconds)", "{{device}} {{collector}}")),
        _lines(
            "Collectes en échec", "cps", ("sum by (device, reason) (rate(noc_collector_errors_total[15m])) > 0", "{{device}} {{reason}}")
        ),
        _lines(
            "Collectes sautées", "cps", ("sum by (device, collector) (rate(noc_poll_overruns_total[15m])) > 0", "{{device}} {{collector}}")
        ),
        _lines("Écart d’horloge des équipements", "s", ("noc_clock_offset_seconds", "{{device}}"), bad=1),
        Panel(
            title="Versions",
            kind=Kind.TABLE,
            queries=(Query(expression="noc_exporter_build_info"),),
            columns=(("instance", "Exportateur"), ("version", "Version"), ("topology", "Topologie")),
        ),
    ),
)

SLA = Dashboard(
    uid="teranga-sla",
    title="Teranga – SLA",
    hours=24 * 30,
    panels=(
        _lines(
            "Indisponibilité non planifiée par pôle, 3 jours",
            "percentunit",
            ("pole:unplanned_down:ratio_avg3d", "{{pole}}"),
            bad=0.005,
            help_="Le rapport du mois de la page du NOC fait foi : il connaît la maintenance et l’inconnu.",
            width=24,
        ),
        _lines(
            "Budget : 5 minutes et 1 heure",
            "percentunit",
            ("pole:unexplained_down:ratio_avg5m", "{{pole}} 5 min"),
            ("pole:unexplained_down:ratio_avg1h", "{{pole}} 1 h"),
        ),
        _lines(
            "Budget : 30 minutes et 6 heures",
            "percentunit",
            ("pole:unexplained_down:ratio_avg30m", "{{pole}} 30 min"),
            ("pole:unexplained_down:ratio_avg6h", "{{pole}} 6 h"),
        ),
        Panel(
            title="Sites hors service maintenant, non planifié",
            kind=Kind.TABLE,
            width=24,
            queries=(Query(expression="(site:unplanned_down:bool == 1) * on (site) group_left (pole) site:info:max"),),
            columns=(("site", "Site"), ("pole", "Pôle")),
        ),
    ),
)

DASHBOARDS = (COUNTRY, POLE, SITE, OPTICS, PON, LINKS, MONITORING, SLA)
