"""Which sentences are translated anew, without markers: those that lost them, and no others."""

from collections.abc import Callable

from artifacts.catalog import LABELLED, MARKED_TRANSLATION
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.marked.lost_markers import keep_lost
from tasks.translation.marked.markers import REASONS

# A second translation is no better for these: nothing is said of markers.
OF_THE_TRANSLATION = {"no_output", "repetition", "too_long", "wrong_language"}


def test_sentences_whose_markers_went_wrong_are_kept_with_their_ids(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    reasons = ["", *REASONS]
    ids = [10 + number for number in range(len(reasons))]
    words, tags = [["Ulm", str(number)] for number in ids], [["B-LOC", "O"]] * len(ids)
    about = {"language": "en", "labels": ["O", "B-LOC", "I-LOC"]}
    data = put_table(LABELLED, {"sentence_id": ids, "words": words, "tags": tags}, about)
    nothing = [""] * len(ids)
    marked = {
        "sentence_id": ids, "source_words": words, "source_tags": tags, "marked_source": nothing, "output": nothing,
        "words": words, "tags": tags, "entities": [[0]] * len(ids), "reason": reasons,
    }  # fmt: skip
    made = run_alone(store, keep_lost, data, put_table(MARKED_TRANSLATION, marked, {**about, "language": "de"}))
    kept = store.table(made)
    lost = [number for number, reason in zip(ids, reasons, strict=True) if reason and reason not in OF_THE_TRANSLATION]
    assert len(lost) == 10 and kept["sentence_id"].to_pylist() == lost
    assert kept["words"].to_pylist() == [["Ulm", str(number)] for number in lost]
    assert store.metadata(made)["language"] == "en"
