"""Figures: metrics, reports, dashboards and forecasts, from definition to SQL to chart.

Imports `jobs` and `engine`; none of its neighbours.
Start with metrics; reports and dashboards are made of them.
"""
