"""Devices without SNMP: what their command lines print, read row by row; a row that nobody understands costs only itself."""
