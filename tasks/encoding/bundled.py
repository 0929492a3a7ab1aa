"""The encoder that comes with Crosstag, made once from the bundled corpora alone: what it is, and how to make it again.

make bundled-encoder        # or python -m tasks.encoding.bundled FOLDER
"""

import hashlib
import json
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from artifacts.inputs import InputFile
from tasks.corpus.corpus import load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import each_line
from tasks.corpus.parallel import pair_lines
from tasks.corpus.paths import resolve
from tasks.encoding.pretrain import Pretraining, make_examples, planned_updates, pretrain, save_encoder
from tasks.encoding.vocabulary import train_wordpiece

LANGUAGES = ("en", "de")
# What a run on the bundled corpora would pretrain on: neither the test file nor the English development file.
TEXTS = {"en.train.conll": ("en", CorpusFormat(format="columns")), "de.raw.txt": ("de", CorpusFormat(format="text"))}
PAIRS = ("parallel.en.txt", "parallel.de.txt")
PRETRAINING = Pretraining(epochs=54, precision="bf16", seed=1)
_LIBRARIES = ("torch", "transformers", "tokenizers", "sacremoses", "numpy")


def bundled_text() -> tuple[list[str], list[tuple[str, str]]]:
    """The lines and the sentence pairs that the bundled encoder learns from."""
    lines = []
    for name, (language, format) in TEXTS.items():
        corpus = load_corpus(InputFile(path=str(resolve(f"bundled:{name}"))), format, None, language)
        lines += [" ".join(words) for words in corpus.words]
    source, target = (each_line(resolve(f"bundled:{name}")) for name in PAIRS)
    pairs = pair_lines(source, target, *PAIRS)
    return lines, [(pair.source, pair.target) for pair in pairs if pair is not None]


def make_bundled(folder: Path, config: Pretraining = PRETRAINING) -> dict[str, Any]:
    """Pretrains the encoder on the CPU and saves it in float16, with its masked-language head and its tokenizer.

    On one machine and thread count the weights are the same each time; elsewhere their last digits differ, and
    training multiplies such differences. So the files that come with Crosstag are frozen, and their digests tested.

    Returns:
        What `made.json` beside them says: settings, digests of the corpora, libraries, how the training went.
    """
    lines, pairs = bundled_text()
    tokenizer = train_wordpiece([*lines, *(side for pair in pairs for side in pair)], config.vocabulary_size)
    examples = make_examples(tokenizer, lines, pairs, config)
    total, made = planned_updates(examples.lengths(), config), 0

    def tell(updates: int, standing: Callable[[], str]) -> None:
        nonlocal made
        made += updates
        if made % 100 == 0 or made == total:
            print(f"update {made} of {total}, {standing()}", flush=True)

    model, history = pretrain(tokenizer, examples, config, device="cpu", progress=tell)
    save_encoder(model.half(), tokenizer, config, folder)  # Half the bytes; what loads it turns it into float32.
    record = {
        "pretraining": config.model_dump(mode="json"),
        "corpora": {name: _sha256(resolve(f"bundled:{name}")) for name in (*TEXTS, *PAIRS)},
        "updates": history.updates,
        "subwords": history.subwords,
        "loss_first_epoch": round(history.losses[0], 4),
        "loss_last_epoch": round(history.losses[-1], 4),
        "machine": f"{torch.get_num_threads()} threads, {platform.machine()}, Python {platform.python_version()}",
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    (folder / "made.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def checksums(folder: Path) -> str:
    """The lines of SHA256SUMS, as `sha256sum --check` reads them: every file of a folder but itself and README.md."""
    files = sorted(path for path in folder.iterdir() if path.name not in ("SHA256SUMS", "README.md"))
    return "".join(f"{_sha256(path)}  {path.name}\n" for path in files)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    make_bundled(place)
    (place / "SHA256SUMS").write_text(checksums(place), encoding="utf-8")
