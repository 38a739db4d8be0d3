"""What every test may ask for: a fresh empty database, on SQLite or on PostgreSQL.

`sqlite_url`, `postgres_url`   the URL of a fresh empty database, for one test
`database_url`                 the same, the test running once on each

One PostgreSQL server serves the whole run: the first process starts it and hands its URL to the
workers of pytest-xdist in an environment variable.

Where Python is told to keep no compiled code (many containers do so), each of the hundreds of
processes that the tests start would compile the whole platform: 0.7 s each. For the tests it is
kept in `var/`, apart from the sources.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from werkzeug import security

from engine.pausing import freeze
from support import postgres
from support.ordering import shared_out

SERVER_URL = "FORMWRIGHT_TEST_POSTGRES_URL"
SERVER_PROBLEM = "FORMWRIGHT_TEST_POSTGRES_PROBLEM"

# `default` finds the same examples in every run, so that a failure is always the change's own;
# `fuzz` looks for new ones, for as long as one cares to wait.
_slow_is_fine = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile(
    "default", derandomize=True, deadline=None, print_blob=True, suppress_health_check=_slow_is_fine
)
settings.register_profile(
    "fuzz",
    derandomize=False,
    deadline=None,
    print_blob=True,
    max_examples=5_000,
    suppress_health_check=_slow_is_fine,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# what keeps a stolen password from being guessed costs 0.1 s for each person that a test signs in:
# in the tests' own processes it is made cheap; servers that tests start keep it as it is
security.generate_password_hash.__defaults__ = ("scrypt:256:8:1", 16)

# definitions with secrets need a key to be served; the same one as `engine.vault.scratch_vault`
os.environ.setdefault("FORMWRIGHT_ENCRYPTION_KEYS", f"scratch:{'A' * 43}=")

if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    COMPILED = Path(__file__).parents[1] / "var" / "tests" / "compiled"
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(COMPILED))
    sys.pycache_prefix, sys.dont_write_bytecode = os.environ["PYTHONPYCACHEPREFIX"], False

_server = pytest.StashKey[postgres.Server]()
_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server: in the first process only, and before that starts its workers."""
    from support.compiled import compile_once  # the platform, whose compiled code goes to `var/`

    compile_once()
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    os.environ.pop(SERVER_URL, None)
    os.environ.pop(SERVER_PROBLEM, None)
    if (binaries := postgres.find_binaries()) is None:
        os.environ[SERVER_PROBLEM] = postgres.NOT_FOUND
        return
    try:
        server = postgres.start(binaries)
    except postgres.ServerFailure as failure:
        os.environ[SERVER_PROBLEM] = str(failure)
        return
    config.stash[_server] = server
    os.environ[SERVER_URL] = server.url


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the processes of pytest-xdist: what takes long comes first."""
    if worker := getattr(config, "workerinput", None):
        named = [(item.nodeid, item) for item in items]
        items[:] = shared_out(named, int(worker["workercount"]))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and all that they import stay: to walk them again and again is a quarter
    of the work, as is looking for garbage after every 700 objects."""
    freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, whatever became of the tests."""
    if server := config.stash.get(_server, None):
        server.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'formwright.db'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of a fresh empty PostgreSQL database, dropped after the test."""
    if SERVER_URL not in os.environ:
        pytest.fail(os.environ.get(SERVER_PROBLEM, postgres.NOT_FOUND), pytrace=False)
    server_url = os.environ[SERVER_URL]
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}_{next(_numbers)}"
    yield postgres.create_database(server_url, name)
    postgres.drop_database(server_url, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh empty database, the test running once on each kind."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url
