"""The report of a run: one HTML file that needs nothing else, beside its record in the store."""

import base64
from datetime import UTC, datetime

import yaml

from artifacts.errors import InputError, StoreError
from artifacts.runs import RunRecord, standing
from artifacts.store import Store
from flows.parts.html import STYLE_OF_WORDS, TEMPLATES, environment
from flows.parts.least_trusted import least_trusted
from flows.parts.manifest_facts import dropped_of, trainings_of
from flows.parts.run_tables import cells, scores_by_test
from flows.parts.run_words import about

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What a browser may load for a report: its own style, and the pictures in it."""
_SENTENCES = 20


def write_report(store: Store, record: RunRecord) -> None:
    """Writes the report of a run whose method is through: its record says so a moment later."""
    ended = record.model_copy(update={"state": "done", "ended": datetime.now(UTC)})
    store.write_report(record.id, report(store, ended))


def report(store: Store, record: RunRecord) -> str:
    """A run as HTML: scores, measurements, figures, trainings, what was dropped, doubtful sentences, steps, settings.

    What the store no longer has is named where it would stand.
    """
    parts = {"pictures": _pictures, "trainings": trainings_of, "dropped": dropped_of, "doubted": _doubted}
    found, gone = {}, []
    for name, part in parts.items():
        try:
            found[name] = part(store, record)
        except (StoreError, InputError) as error:
            found[name] = None
            gone.append(str(error))
    return (
        environment([TEMPLATES])
        .get_template("report.html")
        .render(
            record=record,
            policy=POLICY,
            style=STYLE_OF_WORDS.read_text(encoding="utf-8"),
            about=about(record, standing(store, record)),
            scores=scores_by_test(record),
            measurements=[(table, *cells(table)) for table in record.measurements],
            settings=yaml.safe_dump(record.configuration, sort_keys=False, allow_unicode=True),
            gone=gone,
            **found,
        )
    )


def _pictures(store: Store, record: RunRecord) -> list[tuple[str, str]]:
    """What each picture shows, and the picture as an address that holds it."""
    if record.figures is None:
        return []
    told = store.metadata(record.figures)["figures"]
    pictures = {name: base64.b64encode(store.file(record.figures, f"{name}.png")).decode("ascii") for name in told}
    return [(what, f"data:image/png;base64,{pictures[name]}") for name, what in told.items()]


def _doubted(store: Store, record: RunRecord) -> object:
    return least_trusted(store, record, _SENTENCES)
