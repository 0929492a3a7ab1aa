"""Which encoder a run takes."""

from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, StepOutcome, running
from flows.parts.checks import check_bundled_encoder
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice, encoder_for
from tasks.corpus.paths import bundled_folder

TEXT = Reference(kind="sentences", key="0" * 20, digest="0" * 64)


def planned(choice: EncoderChoice, folder: Path) -> StepOutcome:
    runtime = Runtime(store=str(folder / "store"), data=str(folder))
    with running(runtime, planning=True) as run:
        encoder_for(choice, (TEXT,), (), 1, runtime)
    (outcome,) = run.outcomes
    return outcome


def corpora(train: object, text: object, language: str = "de") -> tuple[SourceCorpus, dict[str, TargetCorpus]]:
    source = SourceCorpus.model_validate({"language": "en", "train": {"path": train}})
    return source, {"target": TargetCorpus.model_validate({"language": language, "text": {"path": text}})}


def test_without_a_word_the_bundled_encoder_is_imported(tmp_path: Path) -> None:
    outcome = planned(EncoderChoice(), tmp_path)
    assert outcome.step == "import_encoder" and outcome.recipe is not None
    assert list(outcome.recipe.inputs.values()) == [InputFolder(path=str(bundled_folder("bundled:encoder"))).digest()]


def test_pretrain_makes_one_from_the_text_of_the_run(tmp_path: Path) -> None:
    outcome = planned(EncoderChoice(checkpoint="pretrain"), tmp_path)
    assert outcome.step == "pretrain_encoder" and outcome.recipe is not None
    assert outcome.recipe.inputs == {"texts.0": f"sentences:{TEXT.digest}"}


def test_bundled_text_with_more_text_beside_it_keeps_the_bundled_encoder() -> None:
    check_bundled_encoder(EncoderChoice(), *corpora("bundled:en.train.conll", ["bundled:de.raw.txt", "more.txt"]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (corpora("en.conll", "bundled:de.raw.txt"), "source.train is en.conll"),
        (corpora("bundled:en.train.conll", ["de.txt", "more.txt"]), "target.text is de.txt, more.txt"),
        (corpora("bundled:en.train.conll", "bundled:de.raw.txt", "ar"), "target.language is ar"),
    ],
)
def test_the_bundled_encoder_is_refused_on_what_it_has_not_read(
    given: tuple[SourceCorpus, dict[str, TargetCorpus]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_bundled_encoder(EncoderChoice(), *given)
    check_bundled_encoder(EncoderChoice(checkpoint="pretrain"), *given)
    check_bundled_encoder(EncoderChoice(checkpoint=str(bundled_folder("bundled:encoder"))), *given)
