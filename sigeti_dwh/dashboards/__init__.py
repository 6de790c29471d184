"""Dashboards generated from one specification, bi/tableaux.yml."""
