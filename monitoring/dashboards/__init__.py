"""Grafana's dashboards: JSON files to be provisioned, made by `python -m monitoring.dashboards.make`."""
