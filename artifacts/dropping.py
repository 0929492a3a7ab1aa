"""Dropping the files of models that a run will not read again; what is known of them stays."""

import logging
import uuid

from artifacts.errors import StoreError
from artifacts.reference import Reference
from artifacts.runs import all_runs, standing
from artifacts.runtime import Run, current_run
from artifacts.store import record_key


def drop_models(*references: Reference) -> None:
    """Removes the files of models, if the run keeps the last taggers alone (`Runtime.keep_taggers`).

    Their digests stay, so steps that were made of them are cached all the same. A step that reads one has it made again
    by the step that made it. What another run uses at this moment stays whole.
    """
    run = current_run()
    if run is None or run.planning or run.runtime.keep_taggers == "all":
        return
    try:
        in_use = _used_by_others(run)
    except StoreError as error:
        logging.getLogger(__name__).warning("no files are dropped: %s", error)
        return
    for reference in references:
        lock, holder = record_key(reference.kind, reference.key), f"drop-{uuid.uuid4().hex}"
        if reference in in_use or not run.store.locks.acquire_lock(lock, holder, acquire_timeout=0):
            continue
        try:
            run.store.drop_files(reference.kind, reference.key)
        finally:
            run.store.locks.release_lock(lock, holder)


def _used_by_others(run: Run) -> set[Reference]:
    """The artifacts that other runs which go on name in their records; a run writes its own before it computes."""
    own = run.recorder.record.id if run.recorder is not None else ""
    others = [record for record in all_runs(run.store) if record.id != own]
    return {each for record in others if standing(run.store, record) == "running" for each in record.references}
