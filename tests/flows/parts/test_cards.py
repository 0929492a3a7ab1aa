"""A student's card names the encoder that it was fine-tuned from."""

import pytest

from artifacts.settings import Settings
from flows.parts.cards import student_card
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from tasks.tagging.decoding import Decoding
from tasks.tagging.windows import WindowConfig


@pytest.mark.parametrize(
    ("checkpoint", "said"),
    [
        ("bundled:encoder", "encoder: bundled:encoder"),
        ("/home/me/encoders/mini", "encoder: mini"),
        ("xlm-roberta-base", "encoder: xlm-roberta-base"),
        ("pretrain", "encoder: pretrained on these texts"),
    ],
)
def test_a_card_names_the_encoder_without_its_place(checkpoint: str, said: str) -> None:
    source = SourceCorpus.model_validate({"train": {"path": "data/en.conll"}})
    target = TargetCorpus.model_validate({"text": {"path": "data/de.txt"}})
    card = student_card("CoLaDa", Settings(), source, (target,), (), EncoderChoice(checkpoint=checkpoint))
    assert card.data == ("labels: en.conll", "unlabelled text: de.txt", said)


def test_a_card_has_the_windows_and_the_decoding_of_its_run() -> None:
    class Configuration(Settings):
        windows: WindowConfig = WindowConfig(max_length_subwords=256, overlap_subwords=8)
        decoding: Decoding = Decoding(method="argmax")

    source = SourceCorpus.model_validate({"train": {"path": "data/en.conll"}})
    target = TargetCorpus.model_validate({"text": {"path": "data/de.txt"}})
    card = student_card("CoLaDa", Configuration(), source, (target,), (), EncoderChoice(checkpoint="xlm-roberta-base"))
    assert card.windows == WindowConfig(max_length_subwords=256, overlap_subwords=8)
    assert card.decoding == Decoding(method="argmax")
