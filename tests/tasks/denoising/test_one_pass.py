"""Labels and representations of one text by one tagger: one pass of the encoder, the same to the last bit."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts.catalog import SENTENCES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising import score_reliability as scoring
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.tagging import labelling, one_pass
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.labelling import label_words
from tasks.tagging.one_pass import open_pass, pass_key
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "I-LOC"]
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
TEXT = [["In", "Köln", "."], ["Köln", "Paris", "liegt", "in"] * 20, ["Paris"], ["x", "in", "Paris"]]
Put = Callable[..., Reference]


@pytest.fixture
def sentences(put_table: Put) -> Reference:
    return put_table(SENTENCES, {"sentence_id": list(range(len(TEXT))), "words": TEXT}, {"language": "de"})


@pytest.fixture(autouse=True)
def two_sentences_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (labelling, scoring):
        monkeypatch.setattr(module, "SENTENCES_AT_A_TIME", 2)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The module that asks for it, at each pass over some sentences."""
    made: list[str] = []
    for module, name in ((scoring, "word_representations"), (labelling, "word_outputs")):
        function = getattr(module, name)

        def spy(*arguments: Any, f: Any = function, m: Any = module, **options: Any) -> Any:
            made.append(m.__name__)
            return f(*arguments, **options)

        monkeypatch.setattr(module, name, spy)
    return made


def both(store: Store, tagger: Reference, sentences: Reference, config: Reliability) -> tuple[str, str]:
    soft_labels = run_alone(store, label_words, tagger, sentences, WINDOWS)
    return soft_labels.digest, run_alone(store, score_reliability, tagger, soft_labels, config, WINDOWS).digest


@pytest.mark.parametrize("layers", ["last", "last3", 0, 1])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_one_pass_gives_what_two_give(
    store: Store, tagger: Reference, sentences: Reference, passes: list[str], layers: Any, pooling: Any
) -> None:
    config = Reliability(neighbours=5, layers=layers, pooling=pooling)
    apart = both(store, tagger, sentences, config)
    assert passes == [labelling.__name__] * 2 + [scoring.__name__] * 2
    passes.clear()
    for kind in ("soft_labels", "reliability"):
        shutil.rmtree(Path(store.root) / kind)
    with one_pass.one_pass(layers, pooling):
        assert both(store, tagger, sentences, config) == apart
    assert passes == []


def test_what_another_asks_for_is_not_taken(
    store: Store, tagger: Reference, sentences: Reference, passes: list[str]
) -> None:
    with one_pass.one_pass("last", "first"):
        soft_labels = run_alone(store, label_words, tagger, sentences, WINDOWS)
        run_alone(store, score_reliability, tagger, soft_labels, Reliability(neighbours=5, pooling="mean"), WINDOWS)
    assert passes == [scoring.__name__] * 2


def test_a_key_knows_all_that_representations_depend_on() -> None:
    base = ("digest", [["a b", "c"]], WINDOWS, FLOAT32, "last", "first")
    others: list[tuple[Any, ...]] = [
        ("other", *base[1:]),
        (base[0], [["a", "b c"]], *base[2:]),
        (base[0], [["a b"], ["c"]], *base[2:]),
        (*base[:2], WindowConfig(max_length_subwords=32, overlap_subwords=4), *base[3:]),
        (*base[:3], Inference(precision="bf16"), *base[4:]),
        (*base[:4], "last3", base[5]),
        (*base[:5], "mean"),
    ]
    keys = {pass_key(*each) for each in (base, *others)}  # type: ignore[arg-type]
    assert len(keys) == 8
    assert pass_key(*base) in keys  # type: ignore[arg-type]


def test_a_layer_that_is_not_there_is_told_by_the_first_step(
    store: Store, tagger: Reference, sentences: Reference
) -> None:
    with pytest.raises(InputError, match=r"reliability\.layers is 9"), one_pass.one_pass(9, "first"):
        run_alone(store, label_words, tagger, sentences, WINDOWS)


def test_nothing_is_kept_outside() -> None:
    with one_pass.one_pass("last", "first"):
        assert open_pass() is not None
    assert open_pass() is None


def test_representations_of_an_unlabelled_pass_are_not_mixed_up(
    store: Store, tagger: Reference, put_table: Put, passes: list[str]
) -> None:
    # The text that was labelled in the pass is another than the one that is weighed.
    other = put_table(SENTENCES, {"sentence_id": [0], "words": [["Paris", "in", "Köln"]]}, {"language": "de"})
    whole = put_table(SENTENCES, {"sentence_id": [0, 1], "words": TEXT[:2]}, {"language": "de"})
    soft_labels = run_alone(store, label_words, tagger, whole, WINDOWS)
    passes.clear()
    with one_pass.one_pass("last", "first"):
        run_alone(store, label_words, tagger, other, WINDOWS)
        run_alone(store, score_reliability, tagger, soft_labels, Reliability(neighbours=5), WINDOWS)
    assert passes == [scoring.__name__]
