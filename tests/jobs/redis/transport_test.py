"""Handing effects over to workers by Redis: calls, the relay, workers."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Callback
from rq.suspension import resume, suspend
from rq.worker import Worker as RqWorker

from jobs import working
from jobs.redis import pushing
from jobs.redis.listening import Listener, listener
from jobs.redis.pushing import Pusher
from jobs.redis.queues import MOST_CALLS, Queues, open_redis, queue_names, site_name
from jobs.redis.relaying import MOST, Relay
from jobs.tables import QUEUES, SLOW, URGENT
from jobs.working import Called, Worker
from support.effects import SITE, Effects
from support.patience import LONG, PATIENCE, soon
from support.redis_server import RedisServer
from support.small import KINDS_OF_DATABASE, small_site


@pytest.fixture(params=KINDS_OF_DATABASE)
def effects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Effects]:
    with small_site(request.param, tmp_path, SITE) as site:
        yield Effects(site)


def queues_of(redis: RedisServer, effects: Effects) -> Queues:
    return Queues(open_redis(redis.url), site_name(effects.site.databases))


def worker_of(redis: RedisServer, effects: Effects, queues: tuple[str, ...] = QUEUES) -> Worker:
    name = site_name(effects.site.databases)
    return Worker(
        effects.carrier(),
        queues=queues,
        connect=lambda: listener(redis.url, name, queues),
        away=RedisError,
    )


@contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """The worker at work in a thread."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether workers shall rest, as it was at each of their looks for a call."""
    found: list[bool] = []
    look = Listener.next

    def noted(self: Listener, seconds: float) -> Called | None:
        found.append(self.suspended)
        return look(self, seconds)

    monkeypatch.setattr(Listener, "next", noted)
    monkeypatch.setattr(working, "WAIT", 0.1)
    return found


def test_a_call_holds_nothing_but_ids(redis: RedisServer, effects: Effects) -> None:
    """A commit calls for what it asked for; in Redis there is JSON, and in it ids."""
    queues = queues_of(redis, effects)
    effects.site.gate.wake = Pusher(queues).wake
    ids = effects.ask(*"abc")
    effects.ask("d", queue=URGENT)
    effects.ask("e", due=effects.site.clock.now.replace(year=2030))
    assert queues.waiting() == {"urgent": 1, "default": 1, "slow": 0}
    connection = queues.connection
    names = queue_names(site_name(effects.site.databases))
    (call,) = connection.lrange(f"rq:queue:{names['default']}", 0, -1)
    stored = connection.hgetall(f"rq:job:{call.decode()}")
    assert json.loads(zlib.decompress(stored[b"data"])) == ["effects", None, [ids], {}]
    assert 0 < connection.ttl(f"rq:job:{call.decode()}") <= 600


def test_many_effects_are_shared(redis: RedisServer, effects: Effects) -> None:
    """What a commit asks for is called for in portions; of very much only the first part."""
    queues = queues_of(redis, effects)
    effects.site.gate.wake = Pusher(queues).wake
    effects.ask(*map(str, range(45)))
    effects.ask(*map(str, range(3)), queue=SLOW)
    assert queues.waiting() == {"urgent": 0, "default": 3, "slow": 3}
    effects.ask(*map(str, range(3_000)), queue=URGENT)
    assert queues.waiting()["urgent"] == MOST_CALLS


def test_a_commit_never_waits_for_redis(effects: Effects, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is not there: the commit stands, and after one attempt nobody tries for a while."""
    tries: list[object] = []

    class Away(Queues):
        def call(self, due: Mapping[str, Sequence[int]]) -> None:
            tries.append(due)
            super().call(due)

    pusher = Pusher(Away(open_redis("redis://127.0.0.1:1/0"), "x"))
    effects.site.gate.wake = pusher.wake
    monkeypatch.setattr(pushing, "QUIET", LONG)
    effects.ask("a")
    for _ in range(1_000):
        pusher.wake({"default": [1]})
    assert len(tries) == 1
    assert effects.states() == {"a": "waiting"}


def test_the_relay_finds_what_was_not_called_for(redis: RedisServer, effects: Effects) -> None:
    """Nobody was called, calls are lost, an attempt becomes due again: the relay calls."""
    queues = queues_of(redis, effects)
    relay = Relay(lambda: effects.site.gate, queues)
    assert relay.run() == 0
    effects.ask("a", "b")
    effects.ask("later", due=effects.site.clock.now.replace(year=2030))
    assert relay.run() == 2
    assert relay.run() == 0  # they are called for
    queues.connection.flushall()
    assert relay.run() == 2
    queues.connection.flushall()
    assert effects.carrier().drain() == 2
    assert relay.run() == 0
    effects.site.clock.turn(days=2_000)
    assert relay.run() == 1


def test_the_relay_and_a_great_backlog(redis: RedisServer, effects: Effects) -> None:
    """However much waits, only some of it is called for, and nothing more until that is taken."""
    queues = queues_of(redis, effects)
    relay = Relay(lambda: effects.site.gate, queues)
    for _ in range(2):
        effects.ask(*map(str, range(3_000)))
    effects.ask(*map(str, range(200)), queue=SLOW)
    assert relay.run() == MOST + 200
    assert queues.waiting() == {"urgent": 0, "default": 50, "slow": MOST_CALLS}
    assert relay.run() == 0


def test_the_relay_without_redis(effects: Effects) -> None:
    """While Redis is away the relay does nothing, and says so once."""
    effects.ask("a")
    relay = Relay(lambda: effects.site.gate, Queues(open_redis("redis://127.0.0.1:1/0"), "x"))
    assert (relay.run(), relay.run()) == (0, 0)


def test_a_worker_answers_calls(
    redis: RedisServer, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is called for is carried out at once, and what nobody called for along with it."""
    monkeypatch.setattr(working, "LOOK_AGAIN", LONG)
    effects.ask("old")
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    with running(worker_of(redis, effects)):
        assert soon(lambda: effects.seen == ["old"])  # it looks for itself when it begins
        effects.site.gate.wake = lambda due: None
        effects.ask("quiet")
        effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
        effects.ask("called")
        assert soon(lambda: len(effects.seen) == 3)
        assert sorted(effects.seen) == ["called", "old", "quiet"]
        assert soon(lambda: set(effects.states().values()) == {"done"})
        # a call that comes while the worker is at it anyhow is taken a moment later
        assert soon(lambda: open_redis(redis.url).keys("rq:job:*") == [])


def test_urgent_effects_come_first(redis: RedisServer, effects: Effects) -> None:
    """Of calls that wait, those for urgent effects are answered first."""
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    effects.ask("slow", queue=SLOW)
    effects.ask("default")
    effects.ask("urgent", queue=URGENT)
    with running(worker_of(redis, effects)):
        assert soon(lambda: len(effects.seen) == 3)
    assert effects.seen == ["urgent", "default", "slow"]


def test_a_worker_of_one_queue(redis: RedisServer, effects: Effects) -> None:
    """It carries out nothing else, and leaves nothing of its calls in Redis."""
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    effects.ask("default")
    effects.ask("slow", queue=SLOW)
    with running(worker_of(redis, effects, (SLOW,))):
        assert soon(lambda: effects.seen)
        effects.ask("slower", queue=SLOW)
        assert soon(lambda: len(effects.seen) == 2)
    assert effects.seen == ["slow", "slower"]
    left = open_redis(redis.url).keys("rq:queue:*intermediate*")
    assert left == []


def test_work_goes_on_while_redis_is_away(
    redis: RedisServer, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis dies and loses its data: the worker looks for itself, then takes calls again."""
    monkeypatch.setattr(working, "LOOK_AGAIN", LONG)
    monkeypatch.setattr(working, "REST", 0.2)
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    with running(worker_of(redis, effects)):
        effects.ask("before")
        assert soon(lambda: effects.seen == ["before"])
        redis.kill()
        try:
            effects.ask("without")
            assert soon(lambda: effects.seen == ["before", "without"])
        finally:
            redis.forget()
            redis.start()
        assert soon(lambda: RqWorker.all(open_redis(redis.url)))  # the worker has found it again
        effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
        for name in ("found by itself", "called"):  # it looks for itself when it begins
            effects.ask(name)
            assert soon(lambda name=name: effects.seen[-1] == name)


def test_nothing_in_redis_is_executed(redis: RedisServer, effects: Effects, tmp_path: Path) -> None:
    """Jobs that name functions and callbacks, pickles and rubbish: a worker takes none of it."""
    proof = tmp_path / "proof"
    connection = open_redis(redis.url)
    name = queue_names(site_name(effects.site.databases))["default"]
    plain = Queue(name, connection=connection)  # pickles
    plain.enqueue("os.mkdir", str(proof), on_success=Callback("os.abort"))
    as_json = Queue(name, connection=connection, serializer="json")
    as_json.enqueue("os.mkdir", str(proof), on_success=Callback("os.abort"))
    as_json.enqueue("effects", [True, "1", -1, 10**30, None, {}])
    connection.rpush(plain.key, "no-such-job")
    connection.hset("rq:job:odd", mapping={"data": b"\xff\xff", "created_at": b"yesterday"})
    connection.rpush(plain.key, "odd", b"\xff")
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    effects.ask("mine")
    with running(worker_of(redis, effects)):
        assert soon(lambda: effects.seen == ["mine"])
    assert not proof.exists()


def test_a_worker_is_one_of_rq(redis: RedisServer, effects: Effects, rests: list[bool]) -> None:
    """RQ's tools see it and its queues, and can let it rest."""
    connection = open_redis(redis.url)
    effects.site.gate.wake = Pusher(queues_of(redis, effects)).wake
    with running(worker_of(redis, effects)):
        assert soon(lambda: RqWorker.all(connection))
        (found,) = RqWorker.all(connection)
        assert len(found.queues) == len(QUEUES)
        assert soon(lambda: RqWorker.all(connection)[0].get_state() == "idle")
        suspend(connection)
        assert soon(lambda: rests[-1])
        effects.ask("resting")
        asked = len(rests)
        assert soon(lambda: len(rests) > asked + 2)
        assert effects.seen == []
        resume(connection)
        assert soon(lambda: effects.seen == ["resting"])
    assert RqWorker.all(connection) == []
