"""The cache policy on a real server: what is computed again, and what is not."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from prefect.exceptions import CrashedRun
from toy import Toy, visible

from artifacts.catalog import GOLD, SCORES, Gold
from artifacts.errors import InputError, StoreError
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.step import Job, step

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
ALL_RAN, ALL_CACHED = ["ran"] * 3, ["cached"] * 3


def test_a_second_run_takes_everything_from_the_store(toy: Toy) -> None:
    first = toy.run()
    assert [o.status for o in first.outcomes] == ALL_RAN
    assert toy.computed() == ["make", "transform", "count"]
    second = toy.run()
    assert [o.status for o in second.outcomes] == ALL_CACHED
    assert toy.computed() == []
    assert [o.reference for o in second.outcomes] == [o.reference for o in first.outcomes]


def test_a_changed_parameter_reruns_its_step_and_what_has_new_input(toy: Toy) -> None:
    toy.run()
    # `count` reads words alone, but its input, the predictions, has new tags.
    assert toy.statuses(tag="x") == ["cached", "ran", "ran"]
    assert toy.statuses() == ALL_CACHED


def test_an_upstream_rerun_with_equal_content_stops_there(toy: Toy) -> None:
    toy.run()
    assert toy.statuses(unused="other") == ["ran", "cached", "cached"]


def test_a_changed_line_in_a_helper_two_modules_away_reruns_the_step_that_calls_it(toy: Toy) -> None:
    toy.run()
    toy.edit("letters.py", "text.upper()", "text.strip().upper()")
    # the content stays the same, so `count` is not run
    assert toy.statuses() == ["cached", "ran", "cached"]


def test_a_comment_a_docstring_a_description_and_an_unreached_function_rerun_nothing(toy: Toy) -> None:
    toy.run()
    toy.edit("steps.py", '"""Makes sentences."""', '"""Makes some sentences."""\n    # and why')
    toy.edit("steps.py", 'description="How many."', 'description="Number of sentences."')
    toy.edit("spelling.py", "    return 1\n", "    return 2\n")
    assert toy.statuses() == ALL_CACHED


def test_a_deleted_artifact_is_rebuilt_and_nothing_after_it(toy: Toy) -> None:
    run = toy.run()
    shutil.rmtree(toy.folder(run.outcomes[1].reference))
    assert toy.statuses() == ["cached", "ran", "cached"]
    assert toy.statuses() == ALL_CACHED


def test_a_moved_store_still_hits(toy: Toy, tmp_path: Path) -> None:
    toy.run()
    toy.path.rename(tmp_path / "elsewhere")
    toy.path = tmp_path / "elsewhere"
    assert toy.statuses() == ALL_CACHED
    shutil.copytree(toy.path, tmp_path / "copy", copy_function=shutil.copy)
    toy.path = tmp_path / "copy"
    assert toy.statuses() == ALL_CACHED


def test_a_torn_record_leads_to_adoption_and_no_computing(toy: Toy) -> None:
    run = toy.run()
    record = toy.folder(run.outcomes[1].reference) / "ref.json"
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    toy.computed()
    assert toy.statuses() == ALL_CACHED
    assert toy.computed() == []
    assert json.loads(record.read_bytes())["result"], "Prefect wrote the record anew"


def test_a_record_whose_files_are_gone_is_computed_again(toy: Toy) -> None:
    run = toy.run()
    folder = toy.folder(run.outcomes[1].reference)
    (folder / "data.parquet").unlink()
    assert toy.statuses() == ["cached", "ran", "cached"]
    assert (folder / "data.parquet").exists()


def test_a_file_changed_behind_the_back_is_computed_again(toy: Toy) -> None:
    run = toy.run()
    data = toy.folder(run.outcomes[0].reference) / "data.parquet"
    before = data.read_bytes()
    data.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))  # same size
    assert toy.statuses() == ["ran", "cached", "cached"]
    assert data.read_bytes() == before


@pytest.mark.parametrize("record", ["a dict", "a forged place"])
def test_a_record_that_is_no_reference_is_never_handed_on(toy: Toy, record: str) -> None:
    run = toy.run()
    path = toy.folder(run.outcomes[0].reference) / "ref.json"
    written = json.loads(path.read_text())
    result = json.loads(written["result"]) if isinstance(written["result"], str) else written["result"]
    if record == "a dict":  # as Prefect reads a class that is gone
        result = {"kind": "sentences", "digest": run.outcomes[0].reference.digest}
    else:
        assert "sentences" in json.dumps(result)
        result = json.loads(json.dumps(result).replace('"sentences"', '"../../x"'))
    written["result"] = json.dumps(result) if isinstance(written["result"], str) else result
    path.write_text(json.dumps(written))
    if record == "a dict":
        with pytest.raises(StoreError, match="is no reference; delete that artifact's folder"):
            toy.run()
    else:
        assert toy.statuses() == ALL_CACHED


@pytest.mark.parametrize(("trouble", "error"), [("data", ValueError), ("input", InputError)])
def test_a_failed_step_leaves_neither_an_artifact_nor_a_file_of_prefects(toy: Toy, trouble: str, error: type) -> None:
    with pytest.raises(error) as raised:
        toy.run(trouble=trouble)
    assert type(raised.value) is error, "the caller gets the error itself"
    assert toy.computed() == ["make", "transform"], "an error of the data is not tried again"
    assert {f.partition("/")[0] for f in visible(toy.path)} == {"store.json", "sentences"}
    assert not [p for p in (toy.path / ".unfinished").iterdir() if not p.name.startswith("work-")]
    assert toy.statuses() == ["cached", "ran", "ran"], "a failure is not remembered"


def test_the_message_of_an_input_error_arrives_unchanged(toy: Toy) -> None:
    with pytest.raises(InputError, match=r"^line 3: bad; mend it$"):
        toy.run(trouble="input")


def test_a_network_error_is_tried_again_and_leaves_no_file_either(toy: Toy) -> None:
    with pytest.raises(Exception, match="no route"):
        toy.run(trouble="network")
    assert toy.computed() == ["make", "transform", "transform"]
    assert {f.partition("/")[0] for f in visible(toy.path)} == {"store.json", "sentences"}


def test_a_step_succeeds_even_if_the_server_does_not_take_its_report(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise httpx.ConnectError("no route")

    monkeypatch.setattr("artifacts.step.report_artifact", unreachable)
    assert toy.statuses() == ALL_RAN
    assert toy.computed() == ["make", "transform", "count"]


def test_an_interrupt_leaves_no_artifact_and_no_lock(toy: Toy) -> None:
    with pytest.raises((KeyboardInterrupt, CrashedRun)):
        toy.run(trouble="interrupt")
    assert {f.partition("/")[0] for f in visible(toy.path)} == {"store.json", "sentences"}
    assert toy.statuses() == ["cached", "ran", "ran"]


def test_a_key_that_prefect_did_not_get_stops_the_step(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("no key today")

    monkeypatch.setattr("artifacts.cache.StorePolicy.compute_key", broken)
    with pytest.raises(StoreError, match="without the cache key"):
        toy.run()
    assert visible(toy.path) == {"store.json"}


def test_gold_is_refused_outside_evaluation() -> None:
    def peek(job: Job, gold: Gold) -> None: ...

    for module in ("tasks.distillation.train", "tasks.evaluation_of_mine", "flows.colada"):
        peek.__module__ = module
        with pytest.raises(TypeError, match=r"only steps of tasks\.evaluation may"):
            step(SCORES)(peek)
    peek.__module__ = "tasks.evaluation.score"
    assert step(SCORES)(peek).kinds == {"gold": ("gold",)}


def test_gold_is_refused_where_a_parameter_is_not_annotated_by_an_alias() -> None:
    def peek(job: Job, data: Reference) -> None: ...

    with pytest.raises(TypeError, match="data must be a reference to nothing"):
        step(SCORES)(peek).bound(Reference(kind=GOLD.name, key="ab", digest="cd"))


def test_a_reference_of_another_kind_is_refused(toy: Toy) -> None:
    import toysteps.steps as steps

    with pytest.raises(TypeError, match="sentences must be a reference to sentences, not gold"):
        steps.transform.bound(Reference(kind="gold", key="ab", digest="cd"))


def test_settings_of_a_class_that_the_step_does_not_name_are_refused(toy: Toy) -> None:
    # The key would count the methods of the class that is named, and not what the other one changes.
    import toysteps.steps as steps

    larger = type("Larger", (steps.Size,), {"__doc__": "More."})
    with pytest.raises(TypeError, match="size must be Size, not Larger"):
        steps.make.bound(larger())


def test_a_file_inside_a_configuration_enters_by_its_bytes(tmp_path: Path) -> None:
    from artifacts.cache import by_value, input_digests
    from artifacts.inputs import InputFile

    class Source(Settings):
        name: str
        file: InputFile

    texts = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in texts:
        path.write_text("same")
    a, b = (Source(name="x", file=InputFile(path=str(p))) for p in texts)
    assert by_value(a) == by_value(b) == {"name": "x", "file": "<input>"}
    assert input_digests({"s": a}) == input_digests({"s": b})
    texts[1].write_text("another")
    assert input_digests({"s": a}) != input_digests({"s": b})
