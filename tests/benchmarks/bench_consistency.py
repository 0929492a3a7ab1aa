"""ConNER's losses beside the encoder that they are computed on, on one thread."""

import json
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import BertConfig, BertForTokenClassification

from tasks.corpus.paths import bundled_folder, resolve
from tasks.distillation.consistency_losses import divergence
from tasks.distillation.paired_windows import PairedWindows, part_of
from tasks.distillation.sentence_stream import Drawn
from tasks.distillation.span_probabilities import span_log_probabilities
from tasks.distillation.train_consistent import Consistency, ConsistencyTraining
from tasks.tagging.crf_head import with_crf
from tasks.tagging.tagger import load_tokenizer
from tasks.tagging.windows import Windows, make_windows
from tasks.words.bioes import bioes_labels
from tasks.words.columns import offsets_of
from tasks.words.labels import iob2_labels

LABELS = bioes_labels(iob2_labels(["LOC", "MISC", "ORG", "PER"]))
_SPANS, _REPEATS = 10, 5


def measure() -> list[dict[str, object]]:
    """Two lines: the share of span losses in a pass of the encoder, and an update of ConNER against a plain one."""
    torch.set_num_threads(1)
    return [_span_losses(64), _update(16)]


def _span_losses(sentences: int) -> dict[str, object]:
    """10 spans of each of 64 sentences and of their translations, against the encoder's pass over both."""
    paired = _paired(sentences)
    batch = part_of(paired.collate(np.arange(sentences)))
    model = _model()
    words = len(batch["word_rows"])
    logits = torch.randn(words, len(LABELS), generator=torch.Generator().manual_seed(0))

    def losses() -> None:
        given = logits.clone().requires_grad_()
        first, second = (
            span_log_probabilities(given, batch[f"{side}_starts"], batch[f"{side}_ends"], LABELS)
            for side in ("first", "second")
        )
        divergence(first, second).mean().backward()

    def encoder() -> None:
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        output.square().mean().backward()

    own, whole = _milliseconds(losses), _milliseconds(encoder)
    name = f"span probabilities and KL, {len(batch['sentences'])} pairs, against the encoder's pass"
    return _line(name, own, whole, 0.05)


def _update(sentences: int) -> dict[str, object]:
    """An update on 16 labelled and 16 unlabelled sentences against a plain one on 32 labelled ones."""
    paired, model, drawn = _paired(sentences), _model(), Drawn()
    labelled = _windows("parallel.en.txt", 2 * sentences)
    bioes = np.zeros(labelled.words, dtype=np.int64)
    noise = torch.Generator()

    def update(config: ConsistencyTraining, pairs: PairedWindows | None, rows: np.ndarray) -> Callable[[], None]:
        made = Consistency(config, LABELS, labelled, bioes, pairs, None, drawn).objective()

        def run() -> None:
            batch = made.of_update(rows) | made.collate(rows, noise)
            made.loss(model, batch).backward()

        return run

    both = update(ConsistencyTraining(), paired, np.arange(sentences))
    plain = update(ConsistencyTraining(alpha=0.0, beta=0.0), None, np.arange(2 * sentences))
    name = f"ConNER's update on {sentences} + {sentences} sentences, against a plain one on {2 * sentences}"
    return _line(name, _milliseconds(both), _milliseconds(plain), 2.2)


def _line(name: str, own: float, other: float, limit: float) -> dict[str, object]:
    return {
        "name": name, "value": round(own, 1), "unit": "ms", "against": round(other, 1),
        "ratio": round(own / other, 3), "limit": limit,
    }  # fmt: skip


def _milliseconds(run: Callable[[], None]) -> float:
    """CPU time of the best of some runs, after one that is not counted: other processes cost a run time, not work."""
    run()
    taken = []
    for _ in range(_REPEATS):
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return 1000 * min(taken)


def _model() -> BertForTokenClassification:
    torch.manual_seed(0)
    shape = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
    return with_crf(BertForTokenClassification)(BertConfig(vocab_size=20000, num_labels=len(LABELS), **shape)).train()


def _windows(file: str, sentences: int) -> Windows:
    lines = resolve(f"bundled:{file}").read_text(encoding="utf-8").split("\n")[:sentences]
    return make_windows(load_tokenizer(bundled_folder("bundled:encoder")), [line.split() for line in lines], 128, 32)


def _paired(sentences: int) -> PairedWindows:
    """Sentences and their translations, with as many pairs of one to three words as a sentence may have."""
    draws = np.random.default_rng(0)
    original, translated = _windows("parallel.de.txt", sentences), _windows("parallel.en.txt", sentences)
    of = np.repeat(np.arange(sentences), _SPANS)
    spans = []
    for windows in (original, translated):
        counts = windows.word_counts[of]
        lengths = np.minimum(draws.integers(1, 4, len(of)), counts)
        starts = offsets_of(windows.word_counts)[of] + draws.integers(0, counts - lengths + 1)
        spans.append(np.stack([starts, starts + lengths], axis=1))
    return PairedWindows(original, translated, of, *spans)


if __name__ == "__main__":
    for line in measure():
        print(json.dumps(line))
