"""Devices over SNMP: kept sessions, GET by known index, a budget of requests per device."""
