"""The student of an earlier run, which a run on new text goes on from."""

from collections.abc import Sequence

from artifacts.catalog import STUDENT, TAGGER
from artifacts.errors import InputError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runtime import Runtime, current_run
from artifacts.store import Store
from tasks.tagging.heads import LINEAR, head_named_in
from tasks.words.labels import entity_types


def take_previous(named: str, runtime: Runtime) -> Reference:
    """The tagger behind `student/KEY`, or `tagger/KEY` itself. Steps read it by its content, which is in their keys.

    A run marks both as used, so that nobody removes them before a step reads one.

    Raises:
        InputError: if the store has no such artifact, or no longer the tagger that a student was exported from, or its
            files.
    """
    store = Store(runtime.store)
    given = found = store.find(named)
    if found.kind == STUDENT.name:
        found = _exported(store, named, store.describe(found))
    if found.kind != TAGGER.name:
        raise InputError(f"previous {named}: found {found.kind}; expected student/KEY or tagger/KEY")
    run = current_run()
    if run is not None and not run.planning:
        for used in {given, found}:
            store.mark_used(used.kind, used.key)
    if store.dropped(found.kind, found.key) is not None:
        raise InputError(
            f"previous {named}: the files of {found} were dropped by a run that kept the last taggers alone; name "
            f"another student, or delete {store.where(found.kind, found.key)} and run its flow again without "
            "--keep-taggers last, which makes them anew"
        )
    if store.intact(found.kind, found.key) is None:
        raise InputError(
            f"previous {named}: the files of {found} are gone; name another student, or run its flow again"
        )
    return found


def check_previous(named: str, language: str, types: Sequence[str], runtime: Runtime) -> None:
    """Looks whether a run can go on from a student.

    Args:
        named: the student.
        language: of the text.
        types: the run's entity types.
        runtime: where the store is.

    Raises:
        InputError: if it is not there, has another head or other entity types, or its card names other languages.
    """
    tagger, store = take_previous(named, runtime), Store(runtime.store)
    head = head_named_in(store.folder(tagger))
    if head != LINEAR.name:
        raise InputError(
            f"previous {named}: its head is {head!r}, and a run goes on from taggers whose head is {LINEAR.name!r}, "
            "such as students of CoLaDa, UniTrans, CROP or a panel; choose another"
        )
    known = entity_types(store.metadata(tagger)["labels"])
    if known != list(types):
        raise InputError(
            f"previous {named}: its entity types are {', '.join(known)}, those of the run {', '.join(types)}; choose a "
            "student with the same, or change labels"
        )
    manifest = store.describe(store.find(named))
    languages = manifest.recipe.parameters["card"]["target_languages"] if manifest.kind == STUDENT.name else [language]
    if language not in languages:
        raise InputError(
            f"previous {named}: it is a student of {', '.join(languages)}, and the text is {language}; choose another"
        )


def _exported(store: Store, named: str, student: Manifest) -> Reference:
    """The tagger that a student was exported from."""
    kind, _, digest = student.recipe.inputs["tagger"].partition(":")
    try:
        return store.find(f"{kind}/{digest}")
    except InputError:
        raise InputError(
            f"previous {named}: the tagger that it was exported from is no longer in the store; name another student, "
            "or run its flow again"
        ) from None
