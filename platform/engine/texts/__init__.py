"""Texts for people: values written in a language, and texts with expressions in braces.

Imports engine.definition and what lies below it.
Start with `phrases` (texts with expressions), then `formatting` (values).
"""
