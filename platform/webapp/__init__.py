"""Flask and Flask-AppBuilder around the application: security, screens, studio, REST API.

Imports every room except `cli`.
Start with the application factory.
"""
