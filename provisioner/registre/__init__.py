"""The reference registry: stores, lists and searches records in PostgreSQL. A service runs it until the operator gives his own.

Standard library and psycopg2 only; imports nothing of the rest of the project. It runs inside the guest, behind nginx.
"""
