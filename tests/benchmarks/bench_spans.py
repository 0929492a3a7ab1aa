"""Cost of GLoDe's denoising: the update of prototypes, and what refining labels adds to an epoch."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import normalize
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from artifacts.catalog import ENCODER, LABELLED, SENTENCES, Dataset
from artifacts.digest import text_digest
from artifacts.inputs import InputFolder
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import STORE_FORMAT, Store
from tasks.corpus.paths import bundled_folder, resolve
from tasks.denoising.spans.prototypes import moved_prototypes
from tasks.denoising.spans.refinement import Denoising
from tasks.distillation.span_training import SpanTraining
from tasks.distillation.train_denoised_student import train_denoised_student
from tasks.distillation.train_span_tagger import SpanShape, train_span_tagger
from tasks.encoding.load import import_encoder
from tasks.encoding.vocabulary import train_wordpiece
from tasks.tagging.label_spans import SpanLabelling, label_spans
from tasks.tagging.windows import WindowConfig

LABELS = ["O", *(f"{prefix}-{name}" for name in ("LOC", "MISC", "ORG", "PER") for prefix in "BI")]
WINDOWS = WindowConfig()
_LEARNT = 200  # So few words that each comes often enough to be learnt.
_Made = tuple[Reference, Reference, Reference]
"""Labelled source sentences, target text, and an encoder."""


def measure(
    spans: int = 20_000, sentences: int = 400, bundled: int = 1_000, learnt: int = 12
) -> list[dict[str, object]]:
    """The update of prototypes on one thread, and trainings with denoising over the same without.

    Random words are as near to an entity as to anything else, so that every span's neighbours have to be searched; the
    bundled text, and words that the source model has learnt in `learnt` epochs and the student goes on from, show what
    that comes to where neighbours mostly agree, as they do by a pretrained encoder. The default has all O spans among
    them, and runs the encoder over both texts once more after each epoch. What the search adds is a matter of the
    encoder: one of e5-small's shape has seven times the weights per word of that of 4 layers.
    """
    small, e5 = {"layers": 4, "width": 256}, {"layers": 12, "width": 384}
    return [
        _prototypes(spans),
        *_trainings("random words", sentences, partial(_random_words, **small)),
        *_trainings("random words, 12 layers, 384 wide", sentences, partial(_random_words, **e5)),
        *_trainings(
            "learnt words, 12 layers, 384 wide", sentences, partial(_random_words, **e5, different=_LEARNT), learnt
        ),
        *_trainings("the bundled text", bundled, _bundled_text),
    ]


def _prototypes(spans: int, limit_ms: float = 10.0) -> dict[str, object]:
    noise = torch.Generator().manual_seed(0)
    vectors = normalize(torch.randn(spans, 128, generator=noise), dim=1)
    classes = torch.where(torch.rand(spans, generator=noise) < 0.95, 0, torch.randint(5, (spans,), generator=noise))
    prototypes = normalize(torch.randn(5, 128, generator=noise), dim=1)
    before, took = torch.get_num_threads(), []
    torch.set_num_threads(1)
    for _ in range(20):
        started = time.perf_counter()
        moved_prototypes(prototypes, vectors, classes, 0.99)
        took.append(1000 * (time.perf_counter() - started))
    torch.set_num_threads(before)
    return _line(f"prototypes, {spans:,} spans, one thread", min(took), "ms", f"{limit_ms:.0f} ms", limit_ms)


def _trainings(
    of: str, sentences: int, make: Callable[[Store, Path, int], _Made], learnt: int = 0
) -> list[dict[str, object]]:
    """CPU seconds of trainings of two epochs, with and without denoising; labels are refined after each.

    With `learnt` the source model is trained for so many epochs, and the student goes on from it.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        labelled, text, encoder = make(store, Path(folder), sentences)
        config = SpanTraining(epochs=2, learning_rate=5e-4)
        before = config.model_copy(update={"epochs": learnt}) if learnt else config
        m_src = run_alone(store, train_span_tagger, labelled, None, encoder, SpanShape(), before, WINDOWS)
        soft = run_alone(store, label_spans, m_src, text, SpanLabelling(), WINDOWS)

        def seconds(denoising: Denoising) -> float:
            started = time.process_time()
            inputs = (m_src if learnt else encoder, encoder, labelled, text, soft)
            run_alone(store, train_denoised_student, *inputs, denoising, config, WINDOWS)
            return time.process_time() - started

        without = seconds(Denoising(levels="none"))
        settings = {
            "3 % of O spans": Denoising(outside_share=0.03),
            "all O spans": Denoising(),
            "all O spans, as the training saw them": Denoising(representations="training"),
        }
        took = {name: seconds(denoising) for name, denoising in settings.items()}
    name = f"denoising, 2 x {sentences:,} sentences of {of}, {{}}"
    against = f"{without:.2f} s without"
    return [_line(name.format(setting), each, "CPU s", against, without, 1.25) for setting, each in took.items()]


def _bundled_text(store: Store, folder: Path, sentences: int) -> _Made:
    """The first English and German sentences of the bundled corpora, and the bundled encoder."""
    read = []
    for name in ("en.train.conll", "de.raw.gold.conll"):
        blocks = resolve(f"bundled:{name}").read_text(encoding="utf-8").strip().split("\n\n")[:sentences]
        read.append([[line.split("\t") for line in block.split("\n")] for block in blocks])
    words, other = ([[line[0] for line in block] for block in blocks] for blocks in read)
    tags = [[line[1] for line in block] for block in read[0]]
    encoder = run_alone(store, import_encoder, InputFolder(path=str(bundled_folder("bundled:encoder"))))
    return *_texts(store, words, tags, other), encoder


def _random_words(store: Store, folder: Path, sentences: int, layers: int, width: int, different: int = 5000) -> _Made:
    """Labelled and raw sentences of 5 to 45 words of `different` ones, and a BERT with a masked-language head."""
    draws = np.random.default_rng(0)
    vocabulary = [f"w{i:x}" for i in range(different)]
    words = [[vocabulary[i] for i in draws.integers(different, size=n)] for n in draws.integers(5, 45, 2 * sentences)]
    tag_of = {word: LABELS[2 * (i % 40) - 1] if i % 40 in (1, 2, 3, 4) else "O" for i, word in enumerate(vocabulary)}
    tags = [[tag_of[word] for word in each] for each in words]
    labelled, text = _texts(store, words[:sentences], tags[:sentences], words[sentences:])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_wordpiece([" ".join(each) for each in words], 8000),
        unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    torch.manual_seed(0)
    shape = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": 4 * width}
    model = BertForMaskedLM(
        BertConfig(vocab_size=len(tokenizer), pad_token_id=0, num_attention_heads=width // 32, **shape)
    )
    recipe = Recipe(step="bench", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(ENCODER, "e" * 20, recipe) as writer:
        model.save_pretrained(writer.folder)
        tokenizer.save_pretrained(writer.folder)
    assert writer.reference is not None
    return labelled, text, writer.reference


def _texts(
    store: Store, words: list[list[str]], tags: list[list[str]], other: list[list[str]]
) -> tuple[Reference, Reference]:
    columns = {"sentence_id": list(range(len(words))), "words": words, "tags": tags}
    labelled = _put(store, LABELLED, columns, {"language": "en", "labels": LABELS})
    raw = {"sentence_id": list(range(len(other))), "words": other}
    return labelled, _put(store, SENTENCES, raw, {"language": "de"})


def _put(store: Store, kind: Dataset, columns: dict[str, object], metadata: dict[str, object]) -> Reference:
    import pyarrow as pa

    recipe = Recipe(step="bench", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, text_digest(kind.name)[:20], recipe) as writer:
        writer.write(pa.table(columns, schema=kind.schema), metadata)
    assert writer.reference is not None
    return writer.reference


def _line(name: str, value: float, unit: str, against: str, other: float, limit: float = 1.0) -> dict[str, object]:
    ratio = round(value / other, 3)
    return {"name": name, "value": round(value, 3), "unit": unit, "against": against, "ratio": ratio, "limit": limit}
