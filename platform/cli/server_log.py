"""gunicorn's own lines among all others, in the same form."""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger


class ServerLog(Logger):
    """Leaves it to the root logger where lines go; requests are told of by the application."""

    def setup(self, cfg: Config) -> None:
        """Takes the level and nothing else."""
        self.cfg = cfg
        self.error_log.setLevel(cfg.loglevel.upper())
        self.error_log.propagate = True
