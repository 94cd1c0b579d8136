"""Fibre and site monitoring of Teranga: measures, what they mean, and the page of the NOC. Stands alone."""
