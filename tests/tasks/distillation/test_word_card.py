"""What a card says of a student whose tokenizer does not tell a pipeline of transformers what a word is."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModel, PreTrainedTokenizerFast

from artifacts.catalog import TAGGER
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.export_student import StudentCard, export_student
from tasks.tagging.crf_head import CRF
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import LINEAR, Head
from tasks.tagging.student import load_student
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
Put = Callable[..., Any]
PIECES = ["<unk>", "<s>", "</s>", "<pad>", "▁", "▁Am", "▁Bremen", "Ma", "drid", ",", "E", "F"]
SENTENCES = [["Am", "Madrid", ",", "EFE"], ["Madrid"], ["Bremen", "Am", "\x07", "E"]]


@pytest.mark.parametrize("head", [LINEAR, CRF], ids=lambda head: head.name)
def test_what_the_card_says_reads_words_as_the_student_does(
    head: Head, store: Store, sharp_encoder: Path, put_model: Put, tmp_path: Path
) -> None:
    shutil.copytree(sharp_encoder, tmp_path / "encoder")
    tokenizer = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(PIECES)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    told = {"unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **told).save_pretrained(tmp_path / "encoder")
    smaller = AutoModel.from_pretrained(sharp_encoder)
    smaller.resize_token_embeddings(len(PIECES))
    smaller.save_pretrained(tmp_path / "encoder")
    model, fast = new_tagger(tmp_path / "encoder", LABELS, 0.0, 3, head)
    with torch.random.fork_rng():  # words that differ enough for different tags
        torch.manual_seed(4)
        model.get_input_embeddings().weight.data.normal_(0, 3)
        model.classifier.weight.data.normal_(0, 3)
    save_tagger(model, fast, tmp_path / "tagger")
    tagger = put_model(TAGGER, tmp_path / "tagger", {"labels": LABELS})
    shipped = store.folder(run_alone(store, export_student, tagger, (), StudentCard(target_languages=("de",)), ()))

    card = (shipped / "README.md").read_text(encoding="utf-8")
    assert "pipeline(" not in card and "is of no use here" in card and ("CRF" in card) == (head is CRF)
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", card, re.DOTALL) if "AutoModel" in block]
    code = code.replace("path/to/this/folder", str(shipped))
    place: dict[str, Any] = {}
    exec(code[: code.rindex("tags([")], place)
    windows = WindowConfig(max_length_subwords=32, overlap_subwords=4)
    student = load_student(shipped, tokenized=True, windows=windows, decoding=Decoding(method="argmax"))
    said = {tag for words in SENTENCES for tag in place["tags"](words)}
    assert [place["tags"](words) for words in SENTENCES] == [each.tags for each in student.tag_words(SENTENCES)]
    assert len(said) > 1
