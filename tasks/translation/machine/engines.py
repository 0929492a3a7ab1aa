"""Two engines that translate texts with an M2M100 by beam search: ctranslate2 and transformers.

A text's translation does not depend on which others are translated with it. Batches hold texts of one length alone:
nothing is padded, and the longest output, which an engine takes per batch, follows from the text's own length.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
import torch
from pydantic import Field

from artifacts.errors import InputError
from artifacts.settings import Settings
from tasks.training.precision import check_precision
from tasks.translation.machine.translator import known_language, load_tokenizer, load_translator

# What waits for the outputs of a batch that is under way, and what starts a batch: sources, target language, limit.
Outputs = Callable[[], list[list[int]]]
Search = Callable[[np.ndarray, int, int], Outputs]
"""[B, L] int ids of texts of one length, id of the target language, most sub-words -> ids of each best output."""

Precision = Literal["float32", "bf16", "float16", "int8"]


class Generation(Settings):
    """How a translator searches for the best translation."""

    engine: Literal["ctranslate2", "transformers"] = Field(
        "ctranslate2", title="Engine", description="What runs the model; both give the same texts, ctranslate2 sooner."
    )
    beam_size: int = Field(5, ge=1, le=64, title="Beam", description="Hypotheses kept at each sub-word; 1 is greedy.")
    max_length_subwords: int = Field(
        256,
        ge=8,
        le=4096,
        title="Longest text",
        description="Sub-words of a text; longer sources are not translated, longer outputs are cut.",
    )
    max_length_factor: float = Field(
        2.0, gt=0, le=10, title="Length factor", description="Sub-words of an output per sub-word of its source."
    )
    max_length_extra: int = Field(
        10, ge=1, le=1000, title="Length allowance", description="Sub-words that an output may have beyond the factor."
    )
    length_penalty: float = Field(
        1.0, ge=0, le=10, title="Length penalty", description="Scores are divided by length to this power."
    )
    no_repeat_ngram_size: int = Field(
        0, ge=0, le=100, title="No repeats of", description="Runs of this many sub-words come once at most; 0 = off."
    )
    precision: Precision = Field(
        "float32",
        title="Precision",
        description="Number format; bf16, or float16 on older ones, is faster on GPUs, and int8, which needs "
        "ctranslate2, on CPUs.",
    )


@dataclass(frozen=True)
class Engine:
    """A tokenizer and a beam search.

    Attributes:
        tokenizer: M2M100Tokenizer.
        search: starts a batch, of which it finds the best output of each text.
        config: the settings.
        longest: most sub-words that the model takes, special ones included.
        budget: sub-words of the sources of a batch.
        ahead: batches that may be under way beside the one that is waited for.
    """

    tokenizer: Any
    search: Search
    config: Generation
    longest: int
    budget: int
    ahead: int = 0

    def translate(
        self, texts: Sequence[str], source_language: str, target_language: str
    ) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Translates texts in batches of equal length, longest first.

        The translation of an empty text is "", and so is that of one with more sub-words than `longest`: cut off, it
        would pass for a translation of the whole.

        Yields:
            [B] int places of a batch's texts in `texts`, and their translations.

        Raises:
            InputError: if the translator does not know a language.
        """
        languages = tuple(self.tokenizer.lang_code_to_id)
        source = self.tokenizer.get_lang_id(known_language(source_language, languages))
        target = self.tokenizer.get_lang_id(known_language(target_language, languages))
        ids = [encode(self.tokenizer, text, source) for text in texts]
        lengths = np.array([len(row) for row in ids], dtype=np.int64)
        # Two are the language and the end.
        left_out = np.flatnonzero((lengths <= 2) | (lengths > self.longest))
        if len(left_out):
            yield left_out, [""] * len(left_out)
        started: deque[tuple[np.ndarray, Outputs]] = deque()
        for rows in equal_length_batches(lengths, self.budget, self.longest):
            limit = output_limit(len(ids[rows[0]]), self.config, self.longest)
            started.append((rows, self.search(np.array([ids[row] for row in rows]), target, limit)))
            if len(started) > self.ahead:
                yield self._finished(*started.popleft())
        while started:
            yield self._finished(*started.popleft())

    def _finished(self, rows: np.ndarray, outputs: Outputs) -> tuple[np.ndarray, list[str]]:
        return rows, [decode(self.tokenizer, output) for output in outputs()]


def encode(tokenizer: Any, text: str, language: int) -> list[int]:
    """Ids of a text: its language, its pieces, the end.

    Nothing in the text itself is taken for a special token: `</s>` is five characters.
    """
    pieces = tokenizer.sp_model.encode(text, out_type=str)
    return [language, *tokenizer.convert_tokens_to_ids(pieces), tokenizer.eos_token_id]


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of an output; special tokens, languages and rows without a piece are left out, markers are not."""
    special = set(tokenizer.all_special_ids)
    kept = [i for i in ids if i < tokenizer.encoder_size and i not in special]
    text: str = tokenizer.sp_model.decode(tokenizer.convert_ids_to_tokens(kept))
    return " ".join(text.split())


def output_limit(length: int, config: Generation, longest: int) -> int:
    """Most sub-words of the output of a source of `length` sub-words, special ones included in both."""
    return min(int(length * config.max_length_factor) + config.max_length_extra, longest)


def equal_length_batches(lengths: np.ndarray, budget: int, longest: int) -> list[np.ndarray]:
    """Batches of texts of exactly one length, longest first; rows of a length keep their order.

    Args:
        lengths: [N] int, sub-words, two special ones included; rows of two, and of more than `longest`, are left out.
        budget: most sub-words of a batch; a text longer than that is a batch of its own.
        longest: see `lengths`.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[(lengths[order] > 2) & (lengths[order] <= longest)]
    if not len(order):
        return []
    starts = np.flatnonzero(np.diff(lengths[order], prepend=-1))
    batches: list[np.ndarray] = []
    for same in np.split(order, starts[1:]):
        size = max(1, budget // int(lengths[same[0]]))
        batches += [same[i : i + size] for i in range(0, len(same), size)]
    return batches


def make_engine(folder: Path, work: Path, config: Generation, *, device: str, budget: int) -> Engine:
    """Loads a translator.

    Args:
        folder: of the translator.
        work: an existing folder for ctranslate2's copy of the model; it can go when the engine does.
        config: the settings.
        device: "cpu" or "cuda".
        budget: sub-words of a batch, all beams counted.

    Raises:
        InputError: if the folder is no translator, or the precision is not one of engine and device.
    """
    if config.engine == "ctranslate2":
        from tasks.translation.machine.converting import convert, full_vocabulary

        precision = ctranslate2_precision(device, config.precision)
        convert(folder, work / "ctranslate2")
        tokenizer = load_tokenizer(folder)
        rows = read_shape(folder).vocab_size
        search = ctranslate2_search(work / "ctranslate2", full_vocabulary(tokenizer, rows), config, device, precision)
    else:
        kind = transformers_precision(device, config.precision)
        model, tokenizer = load_translator(folder)
        search = transformers_search(model.to(device, kind), tokenizer, config)
    longest = min(config.max_length_subwords, read_shape(folder).max_position_embeddings)
    ahead = torch.get_num_threads() if config.engine == "ctranslate2" else 0
    return Engine(tokenizer, search, config, longest, max(1, budget // config.beam_size), ahead)


def ctranslate2_search(
    folder: Path, vocabulary: list[str], config: Generation, device: str, precision: str, shortest: int = 1
) -> Search:
    """Beam search by ctranslate2; `vocabulary` names the rows of the embedding, as `convert` did.

    On a CPU every thread works on a batch of its own: two batches side by side take less time than two threads on one.
    """
    threads = torch.get_num_threads() if device == "cpu" else 1
    model = ctranslate2.Translator(
        str(folder), device=device, compute_type=precision, inter_threads=threads, intra_threads=1
    )
    names = np.array(vocabulary, dtype=object)
    rows = {name: row for row, name in enumerate(vocabulary)}

    def search(ids: np.ndarray, language: int, limit: int) -> Outputs:
        results = model.translate_batch(
            names[ids].tolist(),
            target_prefix=[[names[language]]] * len(ids),
            beam_size=config.beam_size,
            length_penalty=config.length_penalty,
            no_repeat_ngram_size=config.no_repeat_ngram_size,
            min_decoding_length=shortest,
            max_decoding_length=limit,
            max_input_length=0,
            asynchronous=True,
        )
        return lambda: [[rows[name] for name in each.result().hypotheses[0]] for each in results]

    return search


def transformers_search(model: Any, tokenizer: Any, config: Generation, shortest: int = 1) -> Search:
    """Beam search by transformers' `generate`."""
    from transformers import GenerationConfig

    def search(ids: np.ndarray, language: int, limit: int) -> Outputs:
        options = GenerationConfig(
            num_beams=config.beam_size,
            length_penalty=config.length_penalty,
            no_repeat_ngram_size=config.no_repeat_ngram_size,
            early_stopping=config.beam_size > 1,
            min_new_tokens=shortest,
            max_new_tokens=limit,
            forced_bos_token_id=language,
            decoder_start_token_id=model.config.decoder_start_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        rows = torch.from_numpy(ids).to(model.device)
        with torch.inference_mode():
            outputs = model.generate(rows, attention_mask=torch.ones_like(rows), generation_config=options)
        found: list[list[int]] = outputs[:, 1:].tolist()
        return lambda: found

    return search


def check_format(config: Generation, device: str) -> None:
    """Checks that engine and device compute in the number format that is asked for.

    Raises:
        InputError: if they do not.
    """
    if config.precision != "float32":  # Which every device has; a run that translates nothing needs no engine for it.
        (ctranslate2_precision if config.engine == "ctranslate2" else transformers_precision)(device, config.precision)


def ctranslate2_precision(device: str, precision: Precision) -> str:
    """ctranslate2's name of the number format; with int8 all that is not a matrix of weights stays in float32.

    Raises:
        InputError: if the device does not compute in it.
    """
    name = {"float32": "float32", "bf16": "bfloat16", "float16": "float16", "int8": "int8_float32"}[precision]
    supported = ctranslate2.get_supported_compute_types(device)
    if name not in supported:
        raise InputError(
            f"generation.precision {precision}: ctranslate2 does not compute in it on this {device}, but in "
            f"{', '.join(sorted(supported))}; set precision to float32"
        )
    return name


def transformers_precision(device: str, precision: Precision) -> torch.dtype:
    """The number format by its name in torch.

    Raises:
        InputError: if it is int8, which only ctranslate2 has, or the device does not compute in it.
    """
    if precision == "int8":
        raise InputError(
            "generation.precision int8: the engine transformers does not have it; set engine to ctranslate2, or "
            "precision to float32"
        )
    if precision == "bf16":
        check_precision(device, precision)
    return {"float32": torch.float32, "bf16": torch.bfloat16, "float16": torch.float16}[precision]


def read_shape(folder: Path) -> Any:
    """The M2M100Config of a folder."""
    from transformers import M2M100Config

    return M2M100Config.from_pretrained(folder, local_files_only=True)
