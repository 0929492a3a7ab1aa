"""A student's card names the encoder that it was fine-tuned from."""

import pytest

from artifacts.settings import Settings
from flows.parts.cards import student_card
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice


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
