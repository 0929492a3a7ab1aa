"""Words per second of the training loop, beside transformers' Trainer with default collation."""

import json
import tempfile
import time

import numpy as np
import torch
from transformers import (
    BertConfig,
    BertForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from tasks.encoding.vocabulary import train_wordpiece
from tasks.training.config import TrainingConfig
from tasks.training.freezing import freeze_bottom
from tasks.training.loop import planned_updates, train

_LABELS = 9
_SUBWORDS_PER_WORD = 1.4


def measure(sentences: int = 600, epochs: int = 1) -> list[dict[str, object]]:
    """One line: our words per second against the Trainer's; ratio is at least `limit`."""
    draws = np.random.default_rng(0)
    lengths = np.clip(draws.lognormal(3.2, 0.6, sentences), 5, 120).astype(np.int64)
    rows = [draws.integers(5, 20000, length).tolist() for length in lengths]
    config = TrainingConfig(epochs=epochs, subwords_per_batch=1024, frozen_layers=1, precision="float32")
    sentences_per_update = round(sentences * epochs / planned_updates(lengths, config))
    words = lengths.sum() * epochs / _SUBWORDS_PER_WORD
    ours, theirs = [], []
    for _ in range(2):  # Taking turns, so that a busy machine slows both.
        theirs.append(words / _trainer_seconds(rows, config, sentences_per_update))
        ours.append(words / _loop_seconds(rows, lengths, config))
    ratio = max(ours) / max(theirs)
    return [
        {
            "name": f"training, words per second at {sentences_per_update} sentences per update",
            "value": round(max(ours)),
            "unit": "words/s",
            "against": round(max(theirs)),
            "ratio": round(ratio, 2),
            "limit": 1.5,
        }
    ]


def small_bert() -> BertForTokenClassification:
    torch.manual_seed(0)
    shape = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
    return BertForTokenClassification(BertConfig(vocab_size=20000, num_labels=_LABELS, **shape))


def _loop_seconds(rows: list[list[int]], lengths: np.ndarray, config: TrainingConfig) -> float:
    def collate(chosen: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(rows[i]) for i in chosen]
        padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
        labels = torch.where(padded > 0, padded % _LABELS, -100)
        return {"input_ids": padded, "attention_mask": (padded > 0).long(), "labels": labels}

    model = small_bert()
    started = time.perf_counter()
    train(model, lengths, collate, lambda m, batch: m(**batch).loss, config, device="cpu", checkpoints=None)
    return time.perf_counter() - started


def _trainer_seconds(rows: list[list[int]], config: TrainingConfig, sentences_per_update: int) -> float:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=train_wordpiece(["a b"], 64), pad_token="[PAD]")
    data = [{"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [i % _LABELS for i in ids]} for ids in rows]
    model = small_bert()
    freeze_bottom(model, config.frozen_layers)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=config.epochs,
            per_device_train_batch_size=sentences_per_update,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            max_grad_norm=config.clip_norm,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        )
        collator = DataCollatorForTokenClassification(tokenizer)
        trainer = Trainer(model=model, args=arguments, train_dataset=data, data_collator=collator)
        started = time.perf_counter()
        trainer.train()
        return time.perf_counter() - started


if __name__ == "__main__":
    for line in measure():
        print(json.dumps(line))
