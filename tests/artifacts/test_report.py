"""What the Prefect UI shows of steps, as Markdown."""

import pyarrow as pa
import pytest

from artifacts.catalog import SENTENCES, SOFT_LABELS
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.report import artifact_page, plain, steps_page
from artifacts.runs import StepTaken
from artifacts.store import STORE_FORMAT, Store


def put(store: Store, kind, key: str, rows, metadata) -> Reference:
    recipe = Recipe(step="label_words", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=kind.schema), metadata)
    assert writer.reference is not None
    return writer.reference


def soft_labels(store: Store) -> Reference:
    rows = [{"sentence_id": n, "words": ["In", "Ulm_*"], "probabilities": [[0.95, 0.05], [0.2, 0.8]]} for n in range(7)]
    return put(store, SOFT_LABELS, "aa", rows, {"language": "de", "labels": ["O", "B-LOC"]})


def test_every_fact_of_an_artifact_has_a_name_and_a_value(store: Store) -> None:
    page = artifact_page(store, soft_labels(store))
    assert page.splitlines()[:3] == ["| what | value |", "| --- | --- |", r"| artifact | soft\_labels/aa |"]
    assert r'| labels | \["O", "B\-LOC"\] |' in page
    assert "| size | 7 rows, " in page


def test_long_facts_stand_beneath_the_table_where_they_wrap(store: Store) -> None:
    means = {f"B-{number}": 1 / 3 for number in range(20)}
    rows = [{"sentence_id": 0, "words": ["Ulm"], "probabilities": [[1.0]]}]
    page = artifact_page(store, put(store, SOFT_LABELS, "aa", rows, {"labels": ["O"], "class_mean": means}))
    table, beneath, *_ = page.split("\n\n")
    assert "class" not in table and beneath.startswith(r'**class\_mean** \{"B\-0": 0\.3333, "B\-1": 0\.3333, ')
    assert "0.33333" not in page.replace("\\", "") and beneath.count("0\\.3333") == 20


def test_sentences_are_paragraphs_that_wrap_and_no_sign_of_theirs_is_read_as_markdown(store: Store) -> None:
    shown = artifact_page(store, soft_labels(store)).split("**first rows**\n\n")[1].split("\n\n")
    assert len(shown) == 5
    assert shown[0] == r"\[0\] In Ulm\_\*/B\-LOC\(0\.80\)"
    assert plain("<script>|a` & b") == r"\<script\>\|a\` \& b"


def test_the_page_of_a_run_has_every_step_cached_or_not_with_what_it_made(store: Store) -> None:
    soft = soft_labels(store)
    sentences = put(store, SENTENCES, "bb", [{"sentence_id": 0, "words": ["Ein", "Satz"]}], {"language": "de"})
    first = StepTaken(step="read_sentences", stage="target text", status="cached", reference=sentences, seconds=0.1)
    second = StepTaken(step="label_words", stage="iteration 1, D_tgt", status="ran", reference=soft, seconds=12.34)
    page = steps_page(store, [first, second]).split("\n\n")
    assert page[:3] == [r"### 1. read\_sentences · target text", "cached; `sentences/bb`, 1 row", r"\[0\] Ein Satz"]
    assert page[3:5] == [r"### 2. label\_words · iteration 1, D\_tgt", "ran in 12.3 s; `soft_labels/aa`, 7 rows"]


def test_an_artifact_and_every_step_lead_to_their_pages_where_somebody_says_who_serves_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft = soft_labels(store)
    taken = StepTaken(step="label_words", stage="", status="cached", reference=soft, seconds=0.1)
    assert "](" not in artifact_page(store, soft) + steps_page(store, [taken])
    monkeypatch.setenv("CROSSTAG_INSPECT_URL", "http://127.0.0.1:4280/")
    assert artifact_page(store, soft).splitlines()[0].endswith("](http://127.0.0.1:4280/artifact/soft_labels/aa)")
    named = "cached; [`soft_labels/aa`](http://127.0.0.1:4280/artifact/soft_labels/aa), 7 rows"
    assert steps_page(store, [taken]).split("\n\n")[1] == named
