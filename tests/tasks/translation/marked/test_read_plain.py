from collections.abc import Callable

from artifacts.catalog import LABELLED, MACHINE_TRANSLATION, MARKED_TRANSLATION
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.marked.lost_markers import keep_lost
from tasks.translation.marked.markers import REASONS
from tasks.translation.marked.read_markers import MarkerReading
from tasks.translation.marked.read_plain import read_plain


def test_bad_translations_have_no_row_and_are_counted_by_reason(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    outputs = ["Das Haus ist alt.", " ", "so so so so so so so so", "a b c d e f g h i", "The old house stands here."]
    rows = {"sentence_id": [2, 3, 4, 5, 6], "source": ["x"] * 5, "output": outputs}
    translation = put_table(MACHINE_TRANSLATION, rows, {"source_language": "en", "target_language": "de"})
    config = MarkerReading(max_length_words=8, language_filter="pair", min_language_letters=12)
    done = run_alone(store, read_plain, translation, config)
    assert store.table(done).to_pylist() == [{"sentence_id": 2, "words": ["Das", "Haus", "ist", "alt", "."]}]
    assert store.metadata(done) == {
        "language": "de",
        "dropped": {"no_output": 1, "repetition": 1, "too_long": 1, "wrong_language": 1},
    }


def test_marks_of_direction_are_no_words(store: Store, put_table: Callable[..., Reference]) -> None:
    rows = {"sentence_id": [2, 3], "source": ["x"] * 2, "output": ["\u200f", "\u200eAda wohnt \u200f in Ulm."]}
    translation = put_table(MACHINE_TRANSLATION, rows, {"source_language": "en", "target_language": "de"})
    done = run_alone(store, read_plain, translation, MarkerReading(language_filter="off"))
    assert store.table(done).to_pylist() == [{"sentence_id": 3, "words": ["Ada", "wohnt", "in", "Ulm", "."]}]
    assert store.metadata(done)["dropped"] == {"no_output": 1}


def test_sentences_whose_markers_went_wrong_are_kept_and_no_others(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    reasons = ["", *REASONS]
    ids = list(range(len(reasons)))
    empty = [[] for _ in ids]
    marked = {
        "sentence_id": ids,
        "source_words": empty,
        "source_tags": empty,
        "marked_source": [""] * len(ids),
        "output": [""] * len(ids),
        "words": empty,
        "tags": empty,
        "entities": empty,
        "reason": reasons,
    }
    about = {"language": "en", "labels": ["O"]}
    data = put_table(LABELLED, {"sentence_id": ids, "words": [["a"]] * len(ids), "tags": [["O"]] * len(ids)}, about)
    done = run_alone(store, keep_lost, data, put_table(MARKED_TRANSLATION, marked, {"language": "de"}))
    kept = [reasons[n] for n in store.table(done)["sentence_id"].to_pylist()]
    assert [reason for reason in reasons if reason not in kept] == [
        "", "no_output", "repetition", "too_long", "wrong_language",
    ]  # fmt: skip
    assert store.metadata(done) == about
