"""Which encoder a run takes."""

from pathlib import Path

import pytest
from transformers import AutoConfig

from artifacts.errors import InputError
from artifacts.inputs import HubModel, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, StepOutcome, running
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice, encoder_for
from flows.parts.encoder_checks import check_bundled_encoder, check_encoder
from tasks.corpus.paths import bundled_folder
from tasks.tagging.windows import WindowConfig

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


def test_an_encoder_on_the_hub_is_looked_at_without_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, files, fetched = bundled_folder("bundled:encoder"), ["config.json", "model.safetensors"], []

    def local(self: HubModel, weights: bool = True, pickled: bool = False) -> Path:
        fetched.append((weights, pickled))
        return folder

    monkeypatch.setattr(HubModel, "resolve", lambda name, revision: HubModel(name=name, commit="ab" * 20))
    monkeypatch.setattr(HubModel, "names", lambda self: files)
    monkeypatch.setattr(HubModel, "local", local)
    choice, runtime = EncoderChoice(checkpoint="some/bert"), Runtime(data=str(tmp_path))
    positions = AutoConfig.from_pretrained(folder).max_position_embeddings
    check_encoder(choice, WindowConfig(max_length_subwords=positions), runtime)
    assert fetched == [(False, False)]
    with pytest.raises(InputError, match=f"the encoder some/bert takes {positions}"):
        check_encoder(choice, WindowConfig(max_length_subwords=positions + 1), runtime)
    files[:] = ["config.json", "pytorch_model.bin"]
    with pytest.raises(InputError, match="some/bert at abababababab: the repository has no safetensors"):
        check_encoder(choice, WindowConfig(max_length_subwords=positions), runtime)
