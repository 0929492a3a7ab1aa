"""How probable a translator finds outputs that are given.

    log p(y | x) = 1 / (n + 1)  sum_i log p(y_i | x, y_<i)

over the n sub-words of an output and its end, as Vamvas and Sennrich (2022, NMTScore) normalise by length. What an
output is forced to begin with, such as its language, is given and not counted. Batches hold pairs of one length on
either side alone: nothing is padded, so a score does not depend on which others are computed with it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import torch

from artifacts.cublas import load_cublas
from artifacts.threads import as_before
from tasks.translation.machine.card import TranslatorCard, read_card, read_json
from tasks.translation.machine.coding import Coding, read_coding
from tasks.translation.machine.converting import CONVERTED
from tasks.translation.machine.engines import Generation, ctranslate2_precision, transformers_precision
from tasks.translation.machine.translator import load_model
from tasks.words.columns import offsets_of

_MOST_SCORES = 2**26  # 256 MB in float32: 523 sub-words at a time of M2M100
Direction = tuple[str, str]
"""Language of the texts, and the one to translate into."""
Scores = Callable[[], np.ndarray]
Score = Callable[[np.ndarray, np.ndarray], Scores]
"""[B, S] int ids of sources, [B, T] of outputs without what they begin and end with -> what waits for [B] scores."""


@dataclass(frozen=True)
class Scorer:
    """A coding of texts, for one direction, and a model.

    Attributes:
        coding: of the translator, for the languages.
        pieces: of an output, without special ones.
        score: starts a batch.
        longest: most sub-words that the model takes, special ones included.
        budget: sub-words of a batch, sources and outputs together.
        ahead: batches that may be under way beside the one that is waited for.
    """

    coding: Coding
    pieces: Callable[[str], list[int]]
    score: Score
    longest: int
    budget: int
    ahead: int = 0

    def log_probabilities(
        self,
        sources: Sequence[str],
        outputs: Sequence[str],
        pairs: tuple[np.ndarray, np.ndarray],
        progress: Callable[[int], None] = lambda done: None,
    ) -> np.ndarray:
        """[P] float32 log p(output | source), mean over sub-words; NaN where a side is empty or longer than `longest`.

        Args:
            sources: texts.
            outputs: texts.
            pairs: [P] places in `sources`, [P] places in `outputs`.
            progress: called with the number of pairs after each batch.
        """
        source_ids, source_lengths = _flat([self.coding.encode(text) for text in sources])
        output_ids, output_lengths = _flat([self.pieces(text) for text in outputs])
        sides = ((source_lengths, pairs[0]), (output_lengths, pairs[1]))
        begins = [offsets_of(lengths)[:-1][of] for lengths, of in sides]
        lengths = source_lengths[pairs[0]], output_lengths[pairs[1]]
        found = np.full(len(pairs[0]), np.nan, dtype=np.float32)
        extra = 2 - (self.coding.forced is None)
        usable = (lengths[0] >= self.coding.shortest) & (lengths[0] <= self.longest)
        usable &= (lengths[1] > 0) & (lengths[1] + extra <= self.longest)
        progress(int(np.count_nonzero(~usable)))
        most = max(1, _MOST_SCORES // len(self.coding.names))
        started: deque[tuple[np.ndarray, Scores]] = deque()

        def finish() -> None:
            rows, scores = started.popleft()
            found[rows] = scores()
            progress(len(rows))

        for rows in batches_of_equal_lengths(*lengths, usable, self.budget, most):
            ids = (
                flat[begin[rows][:, None] + np.arange(length[rows[0]])]
                for flat, begin, length in zip((source_ids, output_ids), begins, lengths, strict=True)
            )
            started.append((rows, self.score(*ids)))
            if len(started) > self.ahead:
                finish()
        while started:
            finish()
        return found


def batches_of_equal_lengths(
    sources: np.ndarray, outputs: np.ndarray, usable: np.ndarray, budget: int, most_outputs: int
) -> list[np.ndarray]:
    """Batches of pairs whose sources have one length, and whose outputs have one.

    Args:
        sources: [P] sub-words of each source.
        outputs: [P] of each output.
        usable: [P] bool; the others are left out.
        budget: most sub-words of a batch, both sides together.
        most_outputs: most sub-words of the outputs of a batch; a pair with more is a batch of its own, for both.
    """
    order = np.lexsort((outputs, sources))[::-1]
    order = order[usable[order]]
    if not len(order):
        return []
    fresh = (np.diff(sources[order], prepend=-1) != 0) | (np.diff(outputs[order], prepend=-1) != 0)
    batches: list[np.ndarray] = []
    for same in np.split(order, np.flatnonzero(fresh)[1:]):
        source, output = int(sources[same[0]]), int(outputs[same[0]]) + 1
        size = max(1, min(budget // (source + output), most_outputs // output))
        batches += [same[i : i + size] for i in range(0, len(same), size)]
    return batches


def make_scorers(
    folder: Path, directions: Sequence[Direction], config: Generation, *, device: str, budget: int
) -> list[Scorer]:
    """Loads a translator, once for all directions that one model has.

    Args:
        folder: of the translator; one that `convert_translator` made is run by ctranslate2, another by transformers.
        directions: languages of the sources and of the outputs.
        config: engine, precision and longest text; nothing is searched.
        device: "cpu" or "cuda".
        budget: sub-words of a batch.

    Raises:
        UnknownLanguage: if the translator does not know a language.
        InputError: if the folder is no translator, or the precision is not one of engine and device.
    """
    card = read_card(folder)
    made: list[Scorer] = []
    models: dict[Path, Any] = {}
    for languages in directions:
        place = card.folder(folder, *languages)
        coding = read_coding(place, card, *languages)
        converted = place / CONVERTED
        if config.engine == ("transformers" if converted.is_dir() else "ctranslate2"):
            raise TypeError(
                f"{folder} is not what {config.engine} reads; `convert_translator` makes one from the other"
            )
        if place not in models:
            models[place] = _loaded(place, card, config, device)
        score = (ctranslate2_score if converted.is_dir() else transformers_score)(models[place], coding)
        positions = read_json(place / "config.json").get("max_position_embeddings", config.max_length_subwords)
        longest = min(config.max_length_subwords, positions)
        ahead = torch.get_num_threads() if converted.is_dir() else 0
        made.append(Scorer(coding, output_pieces(place, card, coding), score, longest, budget, ahead))
    return made


def output_pieces(folder: Path, card: TranslatorCard, coding: Coding) -> Callable[[str], list[int]]:
    """What cuts an output into sub-words; Marian's outputs have a sentencepiece model of their own."""
    if card.family != "marian":
        return coding.pieces
    import sentencepiece

    writing = sentencepiece.SentencePieceProcessor(model_file=str(folder / "target.spm"))
    vocabulary = read_json(folder / "vocab.json")
    unknown = vocabulary["<unk>"]
    return lambda text: [vocabulary.get(piece, unknown) for piece in writing.encode(text, out_type=str)]


def ctranslate2_score(model: Any, coding: Coding) -> Score:
    """Scores by ctranslate2, which adds the end of an output itself."""
    names = np.array(coding.names, dtype=object)
    given = [] if coding.forced is None else [names[coding.forced]]

    def score(sources: np.ndarray, outputs: np.ndarray) -> Scores:
        results = model.score_batch(
            names[sources].tolist(),
            [[*given, *output] for output in names[outputs].tolist()],
            max_input_length=0,
            asynchronous=True,
        )
        return lambda: np.array([np.mean(each.result().log_probs[len(given) :]) for each in results])

    return score


def transformers_score(model: Any, coding: Coding) -> Score:
    """Scores by one pass of transformers' model; what is never written has no share of the probability."""
    given = [coding.start, *([] if coding.forced is None else [coding.forced])]

    def score(sources: np.ndarray, outputs: np.ndarray) -> Scores:
        rows, written = (torch.from_numpy(ids).to(model.device) for ids in (sources, outputs))
        begin, end = (torch.tensor(ids, device=model.device).expand(len(rows), -1) for ids in (given, [coding.eos]))
        with torch.inference_mode():
            scores = model(
                input_ids=rows,
                attention_mask=torch.ones_like(rows),
                decoder_input_ids=torch.cat([begin, written], dim=1),
                use_cache=False,
            ).logits[:, len(given) - 1 :]
            scores[:, :, list(coding.banned)] = -torch.inf
            said = scores.gather(2, torch.cat([written, end], dim=1)[..., None]).squeeze(2)
            found = (said.float() - scores.float().logsumexp(dim=2)).mean(dim=1).cpu().numpy()
        return lambda: found

    return score


def _loaded(place: Path, card: TranslatorCard, config: Generation, device: str) -> Any:
    converted = place / CONVERTED
    if not converted.is_dir():
        return load_model(place, card.family).to(device, transformers_precision(device, config.precision))
    if device != "cpu":
        load_cublas()
    with as_before():
        return ctranslate2.Translator(
            str(converted),
            device=device,
            compute_type=ctranslate2_precision(device, config.precision),
            inter_threads=torch.get_num_threads() if device == "cpu" else 1,
            intra_threads=1,
        )


def _flat(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """All numbers one after another, and how many there are of each row."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    return np.array([value for row in rows for value in row], dtype=np.int64), lengths
