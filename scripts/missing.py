"""Print the system packages that are missing here, for `run`, for `redis` or for `test`.

    python scripts/missing.py test        ->  postgresql chromium

The names are Debian's, or Homebrew's on macOS.
"""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ON_A_MAC = sys.platform == "darwin"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that pip cannot install: its package on Debian and macOS, and how to find it.

    An empty name says that the system brings it along.
    """

    debian: str
    brew: str
    is_there: Callable[[], bool]

    @property
    def package(self) -> str:
        return self.brew if ON_A_MAC else self.debian


def library(name: str) -> Callable[[], bool]:
    """Whether the shared library `name` can be loaded."""
    return lambda: ctypes.util.find_library(name) is not None


def command(*names: str) -> Callable[[], bool]:
    """Whether one of the commands `names` is on the PATH."""
    return lambda: any(shutil.which(name) for name in names)


def chinese_font() -> bool:
    """Whether there is a font that can print Chinese."""
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True).stdout.strip())


def postgres() -> bool:
    """Whether the tests will find a PostgreSQL server."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from support.postgres import find_binaries

    return find_binaries() is not None


# PDF documents: text shaping, small font subsets (without them one Chinese page costs 1.5 s
# instead of 0.1), and a font that has Chinese.
RUN = (
    Need("libpango-1.0-0", "pango", library("pango-1.0")),
    Need("libpangoft2-1.0-0", "pango", library("pangoft2-1.0")),
    Need("libharfbuzz-subset0", "harfbuzz", library("harfbuzz-subset")),
    Need("fonts-wqy-microhei", "", chinese_font),
)

REDIS = (Need("redis-server", "redis", command("redis-server", "valkey-server")),)

TEST = (
    Need("postgresql", "postgresql@15", postgres),
    Need("chromium", "chromium", command("chromium", "chromium-browser", "google-chrome")),
)

KINDS = {"run": RUN, "redis": RUN + REDIS, "test": RUN + REDIS + TEST}


def main(kind: str) -> None:
    """Print what `kind` needs and this machine lacks, on one line."""
    missing = [need.package for need in KINDS[kind] if need.package and not need.is_there()]
    print(*dict.fromkeys(missing))


if __name__ == "__main__":
    main(sys.argv[1])
