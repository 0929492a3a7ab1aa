"""UniTrans on plain translations with labels placed after; what it hears is what the translator says."""

from pathlib import Path

import pytest
import yaml
from tiny_methods import TRANSLATOR, echoing, unitrans

from artifacts.runs import all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.methods import load


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_labels_of_a_sentence_that_was_translated_into_itself_are_its_own(data: Path, tmp_path: Path) -> None:
    tiny = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    values = unitrans(tiny, data, tmp_path)
    values["translation"] = {
        "method": "aligned",
        "marked": {"translator": {"training": TRANSLATOR}, "reading": {"language_filter": "off"}},
        "aligned": {"aligner": "both"},
    }
    (tmp_path / "aligned.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    method, config = load(tmp_path / "aligned.yaml")
    store = Store(tmp_path / "store")
    with echoing():
        method.flow(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
    (run,) = all_runs(store)
    made = {step.step: step.reference for step in run.steps}
    assert store.metadata(made["join_alignments"])["aligner"] == "union of encoder and eflomal"
    rows = store.table(made["gather_translations"]).to_pylist()
    train = {row["sentence_id"]: row for row in store.table(made["read_labelled"]).to_pylist()}
    about = store.metadata(made["place_labels"])
    assert len(rows) == about["kept"] > 0.5 * len(train)
    assert {origin for row in rows for origin in row["origin"]} == {"aligned"}
    same = [row for row in rows if row["words"] == row["source_words"]]
    right = [row for row in same if row["tags"] == _tags_of(row, store, made["place_labels"])]
    assert len(same) > 0.5 * len(rows) and len(right) > 0.8 * len(same)

    # Again, with places that the translator ranks: what comes before is there.
    values["translation"]["aligned"] |= {"ranking": "all", "ranked": {"min_similarity": 0}}
    (tmp_path / "ranked.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    method, config = load(tmp_path / "ranked.yaml")
    method.flow(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))
    steps = {step.step: step for step in all_runs(store)[-1].steps}
    assert steps["place_labels"].reference == made["place_labels"] and steps["place_labels"].status == "cached"
    told = store.metadata(steps["rank_places"].reference)
    assert told["ranking"]["both_directions"] is False, "the translator has learnt one"
    assert told["entities"] == about["entities"] and told["ranking"]["asked"] == told["entities"]
    assert told["placed"] == sum(told["ranking"]["placed"].values()) > 0.9 * told["entities"]
    scored = store.table(steps["score_candidates"].reference)
    assert store.describe(steps["score_candidates"].reference).notes["engine"] == "ctranslate2"
    assert scored["forward"].null_count == 0 and scored["backward"].null_count == scored.num_rows


def _tags_of(row: dict, store: Store, placed) -> list[str]:
    by_id = {each["sentence_id"]: each["source_tags"] for each in store.table(placed).to_pylist()}
    return by_id[row["source_sentence_id"]]
