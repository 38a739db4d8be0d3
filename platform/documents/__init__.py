"""Paper: templates (sandboxed Jinja2) become PDF documents (WeasyPrint).

Imports `jobs` and `engine`; none of its neighbours.
Start with the rendering of one document.
"""
