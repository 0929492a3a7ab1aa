"""Two engines that translate texts by beam search: ctranslate2 and transformers.

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

from artifacts.cublas import load_cublas
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.threads import as_before
from tasks.training.precision import check_precision
from tasks.translation.machine.card import read_card, read_json
from tasks.translation.machine.coding import Coding, read_coding
from tasks.translation.machine.converting import CONVERTED
from tasks.translation.machine.translator import load_model

# What waits for the outputs of a batch that is under way, and what starts a batch.
Outputs = Callable[[], list[list[int]]]
Search = Callable[[np.ndarray, int], Outputs]
"""[B, L] int ids of texts of one length, most sub-words of an output -> ids of each best output."""

Precision = Literal["float32", "bf16", "float16", "int8"]


class Generation(Settings):
    """How a translator searches for the best translation."""

    engine: Literal["ctranslate2", "transformers", "ctranslate2_or_transformers"] = Field(
        "ctranslate2",
        title="Engine",
        description="What runs the model; both give the same texts, ctranslate2 sooner. ctranslate2_or_transformers: "
        "the second where the first cannot use the device.",
    )
    beam_size: int = Field(5, ge=1, le=64, title="Beam", description="Hypotheses kept at each sub-word; 1 is greedy.")
    max_length_subwords: int = Field(
        256,
        ge=8,
        le=4096,
        title="Longest text",
        description="Sub-words of a text; longer sources are not translated, longer outputs are cut, and counted.",
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
    """A coding of texts, for one direction, and a beam search.

    Attributes:
        coding: of the translator, for the languages.
        search: starts a batch, of which it finds the best output of each text.
        config: the settings.
        longest: most sub-words that the model takes, special ones included.
        budget: sub-words of the sources of a batch.
        ahead: batches that may be under way beside the one that is waited for.
        cut: called with the texts of a batch whose outputs were cut at their longest length.
    """

    coding: Coding
    search: Search
    config: Generation
    longest: int
    budget: int
    ahead: int = 0
    cut: Callable[[list[str]], None] = lambda texts: None

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Translates texts in batches of equal length, longest first.

        The translation of an empty text is "", and so is that of one with more sub-words than `longest`: cut off, it
        would pass for a translation of the whole.

        Yields:
            [B] int places of a batch's texts in `texts`, and their translations.
        """
        ids = [self.coding.encode(text) for text in texts]
        lengths = np.array([len(row) for row in ids], dtype=np.int64)
        shortest = self.coding.shortest
        left_out = np.flatnonzero((lengths < shortest) | (lengths > self.longest))
        if len(left_out):
            yield left_out, [""] * len(left_out)
        started: deque[tuple[np.ndarray, int, Outputs]] = deque()

        def finished() -> tuple[np.ndarray, list[str]]:
            rows, limit, search = started.popleft()
            outputs = search()
            if cut := [texts[row] for row, output in zip(rows, outputs, strict=True) if self._is_cut(output, limit)]:
                self.cut(cut)
            return rows, [self.coding.decode(output) for output in outputs]

        for rows in equal_length_batches(lengths, self.budget, shortest, self.longest):
            limit = output_limit(len(ids[rows[0]]), self.config, self.longest)
            started.append((rows, limit, self.search(np.array([ids[row] for row in rows]), limit)))
            if len(started) > self.ahead:
                yield finished()
        while started:
            yield finished()

    def _is_cut(self, output: Sequence[int], limit: int) -> bool:
        """Whether an output has as many sub-words as it may, and no end among them."""
        return len(output) >= limit and self.coding.eos not in output


def output_limit(length: int, config: Generation, longest: int) -> int:
    """Most sub-words of the output of a source of `length` sub-words, special ones included in both."""
    return min(int(length * config.max_length_factor) + config.max_length_extra, longest)


def equal_length_batches(lengths: np.ndarray, budget: int, shortest: int, longest: int) -> list[np.ndarray]:
    """Batches of texts of exactly one length, longest first; rows of a length keep their order.

    Args:
        lengths: [N] int, sub-words, special ones included; rows shorter or longer than the two bounds are left out.
        budget: most sub-words of a batch; a text longer than that is a batch of its own.
        shortest: see `lengths`.
        longest: likewise.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[(lengths[order] >= shortest) & (lengths[order] <= longest)]
    if not len(order):
        return []
    starts = np.flatnonzero(np.diff(lengths[order], prepend=-1))
    batches: list[np.ndarray] = []
    for same in np.split(order, starts[1:]):
        size = max(1, budget // int(lengths[same[0]]))
        batches += [same[i : i + size] for i in range(0, len(same), size)]
    return batches


def make_engine(
    folder: Path,
    languages: tuple[str, str],
    config: Generation,
    *,
    device: str,
    budget: int,
    cut: Callable[[list[str]], None] = lambda texts: None,
) -> Engine:
    """Loads a translator for one direction.

    Args:
        folder: of the translator; one that `convert_translator` made is run by ctranslate2, another by transformers.
        languages: of the texts, and to translate into.
        config: the settings.
        device: "cpu" or "cuda".
        budget: sub-words of a batch, all beams counted.
        cut: see `Engine`.

    Raises:
        UnknownLanguage: if the translator does not know a language.
        InputError: if the folder is no translator, or the precision is not one of engine and device.
    """
    card = read_card(folder)
    place = card.folder(folder, *languages)
    coding = read_coding(place, card, *languages)
    converted = place / CONVERTED
    if config.engine == ("transformers" if converted.is_dir() else "ctranslate2"):
        raise TypeError(f"{folder} is not what {config.engine} reads; `convert_translator` makes one from the other")
    if converted.is_dir():
        precision = ctranslate2_precision(device, config.precision)
        search = ctranslate2_search(converted, coding, config, device, precision)
    else:
        kind = transformers_precision(device, config.precision)
        search = transformers_search(load_model(place, card.family).to(device, kind), coding, config)
    # MADLAD's positions are relative: any length will do.
    positions = read_json(place / "config.json").get("max_position_embeddings", config.max_length_subwords)
    longest = min(config.max_length_subwords, positions)
    ahead = torch.get_num_threads() if converted.is_dir() else 0
    return Engine(coding, search, config, longest, max(1, budget // config.beam_size), ahead, cut)


def ctranslate2_search(
    folder: Path, coding: Coding, config: Generation, device: str, precision: str, shortest: int = 1
) -> Search:
    """Beam search by ctranslate2; the coding names the rows of the embedding, as `convert` did.

    On a CPU every thread works on a batch of its own: two batches side by side take less time than two threads on one.
    """
    if device != "cpu":
        load_cublas()
    threads = torch.get_num_threads() if device == "cpu" else 1
    with as_before():
        model = ctranslate2.Translator(
            str(folder), device=device, compute_type=precision, inter_threads=threads, intra_threads=1
        )
    names = np.array(coding.names, dtype=object)
    rows = {name: row for row, name in enumerate(coding.names)}

    def search(ids: np.ndarray, limit: int) -> Outputs:
        results = model.translate_batch(
            names[ids].tolist(),
            target_prefix=None if coding.forced is None else [[names[coding.forced]]] * len(ids),
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


def transformers_search(model: Any, coding: Coding, config: Generation, shortest: int = 1) -> Search:
    """Beam search by transformers' `generate`."""
    from transformers import GenerationConfig

    def search(ids: np.ndarray, limit: int) -> Outputs:
        options = GenerationConfig(
            num_beams=config.beam_size,
            length_penalty=config.length_penalty,
            no_repeat_ngram_size=config.no_repeat_ngram_size,
            early_stopping=config.beam_size > 1,
            min_new_tokens=shortest,
            max_new_tokens=limit,
            forced_bos_token_id=coding.forced,
            decoder_start_token_id=coding.start,
            bad_words_ids=[[row] for row in coding.banned] or None,
            eos_token_id=coding.eos,
            pad_token_id=coding.pad,
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
        by_both = config.engine == "ctranslate2_or_transformers" and device != "cpu"
        if config.engine != "transformers":
            ctranslate2_precision(device, config.precision)
        if config.engine == "transformers" or by_both:
            transformers_precision(device, config.precision)


def uses_ctranslate2(config: Generation, device: str) -> bool:
    """Whether ctranslate2 runs the model.

    Raises:
        InputError: if it is to, and what it needs on the device is missing.
    """
    if config.engine == "transformers" or device == "cpu":
        return config.engine != "transformers"
    try:
        load_cublas()
    except InputError:
        if config.engine == "ctranslate2":
            raise
        return False
    return True


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
