"""Puts the rooms together: the list of definition kinds, the frozen Application, the live swap.

Imports every room except `webapp` and `cli`.
Start with the Application.
"""
