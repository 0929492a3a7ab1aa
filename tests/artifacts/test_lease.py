"""Leases in a bucket: one holder at a time, none after a kill, whatever the clocks say."""

import pickle
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from bucket_service import Shelf

from artifacts.errors import StoreError
from artifacts.lease import FOLDER, LeaseManager
from artifacts.objects import Objects, objects_at

SECONDS = 0.6


_MANAGERS: list[LeaseManager] = []


def machine(shelf: Shelf) -> LeaseManager:
    manager = LeaseManager(objects_at(shelf.url), SECONDS)
    _MANAGERS.append(manager)
    return manager


@pytest.fixture(autouse=True)
def _none_renews_behind_its_test() -> Iterator[None]:
    yield
    while _MANAGERS:
        kill(_MANAGERS.pop())


def kill(manager: LeaseManager) -> None:
    """It renews nothing any more, as if its process was killed."""
    manager._leases.clear()


def test_one_holds_a_lease_and_gives_it_back(shelf: Shelf) -> None:
    one, other = machine(shelf), machine(shelf)
    assert not other.is_locked("a/b")
    assert one.acquire_lock("a/b", "me") and one.acquire_lock("a/b", "me"), "again, by its holder"
    assert one.is_lock_holder("a/b", "me") and other.is_locked("a/b") and not other.is_lock_holder("a/b", "me")
    assert not other.acquire_lock("a/b", "you", acquire_timeout=0) and other.acquire_lock("c", "you")
    one.release_lock("a/b", "me")
    assert not other.is_locked("a/b") and other.acquire_lock("a/b", "you", acquire_timeout=0)
    with pytest.raises(ValueError, match="not held by 'me'"):
        one.release_lock("a/b", "me")


def test_a_lease_that_is_renewed_is_never_stale(shelf: Shelf) -> None:
    one, other = machine(shelf), machine(shelf)
    one.acquire_lock("a", "me")
    assert not other.acquire_lock("a", "you", acquire_timeout=3 * SECONDS)
    assert other.is_locked("a")
    one.release_lock("a", "me")


@pytest.mark.parametrize("hours", [0, 1, -1])
def test_the_lease_of_a_killed_holder_is_taken_over_within_twice_its_time_whatever_the_clocks_say(
    shelf: Shelf, hours: int
) -> None:
    one, other = machine(shelf), machine(shelf)
    one.acquire_lock("a", "me")
    now = time.time
    shelf.monkeypatch.setattr(time, "time", lambda: now() + 3600 * hours)
    killed = time.monotonic()
    kill(one)
    assert not other.acquire_lock("a", "you", acquire_timeout=SECONDS / 3), "not before its time"
    assert other.acquire_lock("a", "you", acquire_timeout=10)
    assert time.monotonic() - killed > SECONDS / 2


def test_one_look_tells_a_lease_that_nobody_renewed_for_long_by_the_services_own_dates(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machine(shelf)
    one.acquire_lock("a", "me")
    kill(one)
    assert machine(shelf).is_locked("a")
    now = Objects.now
    monkeypatch.setattr(Objects, "now", lambda self: now(self) + timedelta(seconds=5))  # Its dates are in seconds.
    assert not machine(shelf).is_locked("a")
    assert machine(shelf).acquire_lock("a", "you", acquire_timeout=0)


def test_who_may_only_read_is_told_what_is_held_and_by_this_machines_clock_what_is_not(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machine(shelf)
    one.acquire_lock("a", "me")
    kill(one)
    shelf.service.read_only = True
    monkeypatch.setenv("AWS_SESSION_TOKEN", "that of a reader")  # A client that has written nothing yet.
    assert machine(shelf).is_locked("a") and not machine(shelf).is_locked("b")
    with pytest.raises(StoreError, match="could not"):
        machine(shelf).acquire_lock("b", "you")
    monkeypatch.setattr("artifacts.lease._CLOCKS_DIFFER", timedelta(seconds=-5))  # Its dates are in seconds.
    assert not machine(shelf).is_locked("a")


def test_a_holder_that_was_away_and_lost_its_lease_does_not_take_it_from_the_next(shelf: Shelf) -> None:
    one, other, third = machine(shelf), machine(shelf), machine(shelf)
    one.acquire_lock("a", "me")
    (lease,) = one._leases.values()
    kill(one)
    assert other.acquire_lock("a", "you", acquire_timeout=10)
    one._renew_one(lease)
    assert not lease.held
    one.release_lock("a", "me")
    assert third.is_locked("a") and not third.acquire_lock("a", "she", acquire_timeout=2 * SECONDS)
    other.release_lock("a", "you")
    assert third.acquire_lock("a", "she", acquire_timeout=0)


def test_of_many_that_want_a_stale_lease_one_gets_it(shelf: Shelf) -> None:
    first = machine(shelf)
    first.acquire_lock("a", "me")
    kill(first)
    managers, got = [machine(shelf) for _ in range(4)], []

    def want(manager: LeaseManager) -> None:
        if manager.acquire_lock("a", "you", acquire_timeout=2 * SECONDS):
            got.append(manager)

    threads = [threading.Thread(target=want, args=(each,)) for each in managers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_lease_whose_object_somebody_removed_is_there_again_when_it_is_renewed(shelf: Shelf) -> None:
    one = machine(shelf)
    one.acquire_lock("a", "me")
    objects = objects_at(shelf.url)
    for each in list(objects.below(FOLDER)):
        objects.delete(each.name)
    (lease,) = one._leases.values()
    one._renew_one(lease)
    assert lease.held and machine(shelf).is_locked("a")
    one.release_lock("a", "me")


def test_lost_answers_do_not_make_a_holder_doubt_its_lease(shelf: Shelf) -> None:
    shelf.service.failing = 5
    one, other = machine(shelf), machine(shelf)
    for _ in range(2):
        assert one.acquire_lock("a", "me", acquire_timeout=10)
        (lease,) = one._leases.values()
        for _ in range(2):
            one._renew_one(lease)
        assert lease.held and not other.acquire_lock("a", "you", acquire_timeout=0)
        one.release_lock("a", "me")


def test_a_manager_can_be_sent_to_another_process_without_its_leases_and_secrets(shelf: Shelf) -> None:
    one = machine(shelf)
    one.acquire_lock("a", "me")
    sent = pickle.dumps(one)
    assert b"planted" not in sent
    other = pickle.loads(sent)
    assert other.seconds == SECONDS and other.is_locked("a") and not other.is_lock_holder("a", "me")
    one.release_lock("a", "me")
