"""Compute independent steps in processes of their own: trainings that do not wait for each other.

Each process computes one step, under its lock, and leaves the artifact in the store. The flow then calls the steps one
after another as ever: they find their artifact complete, and Prefect records them. So a killed process costs its own
step alone, and the digests are those of a sequential run: torch's random generators belong to one process each.
"""

import importlib
import multiprocessing
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from artifacts.cache import record_key
from artifacts.child import end_with_parent
from artifacts.errors import InputError, StoreError
from artifacts.memory import Peak, peak_memory
from artifacts.reference import Reference
from artifacts.runtime import Run, Runtime, current_run, running, stage
from artifacts.step import Step, rebuild_dropped
from artifacts.stopping import STOPS, stop_by_parent
from artifacts.store import Store


@dataclass(frozen=True)
class Call:
    """A call of a step that is to be made: its stage, and its arguments in order."""

    stage: str
    arguments: tuple[Any, ...]


@dataclass
class _Child:
    process: BaseProcess
    result: Connection
    call: int


def side_by_side(made: Step[...], calls: Sequence[Call]) -> tuple[Reference, ...]:
    """Makes calls of one step; as many at a time as `Runtime.workers` says.

    Raises:
        InputError: if one of the steps cannot use what it got.
        RuntimeError: if a process fails or is killed; what the others had finished stays in the store.
    """
    run = current_run()
    computed = {} if run is None else compute_ahead(run, made, calls)
    references = []
    for number, call in enumerate(calls):
        with stage(call.stage):
            references.append(made(*call.arguments))
        if run is not None and number in computed:
            outcome = run.outcomes[-1]
            outcome.status, (outcome.seconds, outcome.peak) = "ran", computed[number]
    return tuple(references)


def compute_ahead(run: Run, made: Step[...], calls: Sequence[Call]) -> dict[int, tuple[float, Peak]]:
    """Computes in child processes what is not in the store yet; gives seconds and memory by number of the call."""
    if run.planning or run.runtime.workers == 1:
        return {}
    bound = [made.bound(*call.arguments) for call in calls]
    keys = [made.key_of(arguments) for arguments in bound]
    # Two equal calls have one key: one of them is computed.
    first = {key: number for number, key in reversed(list(enumerate(keys)))}
    missing = [n for key, n in sorted(first.items(), key=lambda item: item[1]) if run.store.known(*key) is None]
    if len(missing) < 2:
        return {}
    run.store.create()
    for number in missing:
        rebuild_dropped(run, bound[number])
    waiting = [(n, (made.__module__, made.name, bound[n], run.next_runtime(*keys[n]), calls[n].stage)) for n in missing]
    begun = [(made.name, calls[n].stage, "/".join(keys[n])) for n in missing]
    computed: dict[int, tuple[float, Peak]] = {}
    with run.taking(begun, computes=True), _children() as children:
        while waiting or children:
            while waiting and len(children) < run.runtime.workers:
                children.append(_start(*waiting.pop(0)))
            ready = wait([child.result for child in children])
            for child in [child for child in children if child.result in ready]:
                children.remove(child)
                computed[child.call] = _finished(child, made.name, calls[child.call].stage)
    return computed


@contextmanager
def _children() -> Iterator[list[_Child]]:
    """A list of child processes; those that are left in it when something goes wrong are ended."""
    children: list[_Child] = []
    try:
        yield children
    finally:
        for child in children:
            child.process.terminate()
        for child in children:
            child.process.join()


def _start(call: int, arguments: tuple[Any, ...]) -> _Child:
    spawning = multiprocessing.get_context("spawn")  # A forked process must not touch CUDA.
    receiver, sender = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_compute, args=(sender, *arguments), daemon=True)
    process.start()
    sender.close()  # The child holds the only other end now: its death ends the pipe.
    return _Child(process, receiver, call)


def _finished(child: _Child, name: str, label: str) -> tuple[float, Peak]:
    """The seconds a child took, and its memory.

    Raises:
        InputError, StoreError: as the step in the child.
        RuntimeError: if the step failed otherwise, or the process died.
    """
    try:
        seconds, peak, kind, message = child.result.recv()
    except EOFError:
        child.process.join()
        raise RuntimeError(
            f"step {name}, {label}: its process ended with exit code {child.process.exitcode} and said nothing; if "
            "memory was short, lower runtime.workers; a rerun goes on from the last checkpoint"
        ) from None
    child.process.join()
    if kind is not None:
        errors = {"InputError": InputError, "StoreError": StoreError}
        raise errors.get(kind, RuntimeError)(message)
    return float(seconds), peak


def _compute(
    sender: Connection, module: str, name: str, arguments: dict[str, Any], runtime: Runtime, label: str
) -> None:
    """The life of a child process: one step."""
    end_with_parent()
    stop_by_parent()
    started = time.monotonic()
    try:
        made: Step[...] = getattr(importlib.import_module(module), name)
        store = Store(runtime.store)
        lock, holder = record_key(*made.key_of(arguments)), f"beside-{uuid.uuid4().hex}"
        store.locks.acquire_lock(lock, holder)
        try:
            with running(runtime), peak_memory() as peak:
                made.compute(store, runtime, arguments, label=label, in_flow=False)
        finally:
            store.locks.release_lock(lock, holder)
    except STOPS:
        pass  # The parent asked for it, and asks no more.
    except Exception as error:
        told = str(error) if isinstance(error, InputError | StoreError) else f"step {name}, {label}: {error!r}"
        sender.send((0.0, Peak(), type(error).__name__, told))
        if not isinstance(error, InputError | StoreError):
            raise  # For the traceback in the terminal.
    else:
        sender.send((time.monotonic() - started, peak, None, ""))
