"""What looks at the world: probes, SNMP agents, device consoles, traces of an OTDR."""
