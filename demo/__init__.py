"""The demonstration company: a maker of pumps and valves, with a year of its sales.

Imports the engine's values and what `cli.demo_history` offers; nothing imports it by name.
Start reading in `company.py`.
"""
