"""Why a word's label has the weight that it has: the words that were asked, found again by the method's own search."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from artifacts.catalog import RELIABILITY
from artifacts.errors import InputError
from artifacts.job import INFERENCE_SUBWORDS
from artifacts.progress import progress
from artifacts.reference import Reference
from artifacts.store import Store
from tasks.denoising.neighbourhood import Neighbourhood, neighbourhood
from tasks.denoising.reliability import Reliability, label_agreement
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.words.columns import flat_probabilities, list_lengths

_WIDTH = 140
_AROUND = 8
_TOLERANCE = 1e-6
_STEP = "score_reliability"


@dataclass(frozen=True)
class _Scored:
    """A reliability table, the soft labels that it weighs, the tagger that found what is near, and the settings."""

    scores: Reference
    soft_labels: Reference
    tagger: Reference
    config: Reliability
    windows: WindowConfig
    inference: Inference


def print_reason(store: Store, text: str, sentence: int, word: str, rows: int, device: str) -> None:
    """Prints a word in its sentence, its label, λ, μ and w, and its nearest neighbours.

    Args:
        store: that all of it lies in.
        text: names the reliability table.
        sentence: id of a sentence.
        word: its place in the sentence, from 0, or the word itself.
        rows: how many neighbours to print.
        device: "cpu" or "cuda".

    Raises:
        InputError: if there is no such word, if it has no neighbours, or if what they are found with is gone.
    """
    scored = _inputs(store, text)
    table, scores = store.table(scored.soft_labels), store.table(scored.scores)
    words: list[list[str]] = table["words"].to_pylist()
    ids: list[int] = table["sentence_id"].to_pylist()
    if sentence not in ids:
        raise InputError(f"--sentence {sentence}: {scored.soft_labels} has no such sentence; ids stand in brackets")
    at = ids.index(sentence)
    place = _place(word, words[at], sentence)
    lengths = list_lengths(table["words"])
    first = np.cumsum(lengths) - lengths
    labels: list[str] = store.metadata(scored.scores)["labels"]
    with progress("store why", "representations", int(lengths.sum()), "words", in_flow=False) as advance:
        found = neighbourhood(
            int(first[at]) + place,
            store.folder(scored.tagger),
            words,
            flat_probabilities(table["probabilities"], len(labels)),
            labels,
            scored.config,
            scored.windows,
            scored.inference,
            device,
            INFERENCE_SUBWORDS[device],
            advance,
        )
    label = labels[found.label_ids[first[at] + place]]
    agreement, weight = (scores[name][at].as_py()[place] for name in ("agreement", "weight"))
    console = Console(highlight=False, markup=False, soft_wrap=True, width=max(Console().width, _WIDTH))
    console.print(f"{scored.scores}, by {scored.tagger}\n")
    console.print(_shown(ids[at], words[at], place, len(words[at])))
    mean = store.metadata(scored.scores)["class_mean"][label]
    rescaled = "" if scored.config.rescale == "none" else ", divided by the largest of this label"
    console.print(
        f"\n{label}   λ {agreement:.3f}   μ of {label} {mean:.3f}   w {weight:.3f} "
        f"(sigmoid of {scored.config.sharpness:g} (λ - μ){rescaled})"
    )
    console.print(_tally(found, labels, label, scored.config))
    _tell_other_numbers(console, scored.config, found, agreement)
    console.print()
    console.print(_neighbours(found, words, ids, first, labels, rows))


def _inputs(store: Store, text: str) -> _Scored:
    """What a reliability table was made of, as its manifest says.

    Raises:
        InputError: if it is none, no neighbours made it, or an input is gone.
    """
    reference = store.find(text)
    recipe = store.describe(reference).recipe
    if reference.kind != RELIABILITY.name or recipe.step != _STEP:
        raise InputError(f"store why {text}: this is {reference.kind}; expected reliability (`crosstag store ls`)")
    config = Reliability.model_validate(recipe.parameters["config"])
    if not config.enabled:
        raise InputError(
            f"store why {text}: every word weighs 1, as reliability.enabled was false; none has neighbours"
        )
    given = {}
    for name in ("tagger", "soft_labels"):
        found = store.holding(recipe.inputs[name])
        if found is None or store.describe(found).dropped:
            gone = f"the files of {found} were dropped" if found else f"{recipe.inputs[name]} is gone"
            raise InputError(
                f"store why {text}: {gone}, without which no neighbours are found; name the reliability of another "
                f"iteration, or delete {store.local(reference.kind, reference.key)} and run again without "
                "--keep-taggers last, which makes them anew"
            )
        given[name] = found
    windows = WindowConfig.model_validate(recipe.parameters["windows"])
    inference = Inference.model_validate(recipe.parameters["inference"])
    return _Scored(reference, given["soft_labels"], given["tagger"], config, windows, inference)


def _place(word: str, sentence: Sequence[str], number: int) -> int:
    """Where a word stands in a sentence."""
    if word.isdigit() and int(word) < len(sentence):
        return int(word)
    places = [place for place, each in enumerate(sentence) if each == word]
    if len(places) != 1:
        known = " ".join(f"{place}:{each}" for place, each in enumerate(sentence))
        what = f"comes {len(places)} times" if places else "does not come"
        raise InputError(f"--word {word}: {what} in sentence {number}; give its place, one of {known}")
    return places[0]


def _shown(number: int, sentence: Sequence[str], place: int, around: int) -> str:
    """A sentence, or the words around one of it; that one between » and «."""
    start, stop = max(place - around, 0), min(place + around + 1, len(sentence))
    shown = [f"»{word}«" if at == place else word for at, word in enumerate(sentence[start:stop], start)]
    return " ".join([f"[{number}]", *(["..."] if start else []), *shown, *(["..."] if stop < len(sentence) else [])])


def _tally(found: Neighbourhood, labels: Sequence[str], label: str, config: Reliability) -> str:
    counts = Counter(labels[each] for each in found.label_ids[found.words]).most_common()
    speaking = "" if config.match == "label" else f" (by type: B-X and I-X speak for {label} alike)"
    return f"{int(found.matches.sum())} of {len(found.words)} nearest words speak for {label}{speaking}: " + ", ".join(
        f"{name} {count}" for name, count in counts
    )


def _tell_other_numbers(console: Console, config: Reliability, found: Neighbourhood, agreement: float) -> None:
    """Says so if this machine finds another λ than the one that was stored."""
    if config.normaliser != "neighbours":
        console.print("λ is that number divided by the largest one of a word with this label")
        return
    counts = np.array([found.matches.sum()]), np.array([len(found.words)])
    again = float(label_agreement(*counts, np.zeros(1, dtype=np.int64))[0])
    if abs(again - agreement) > _TOLERANCE:
        console.print(f"found again, λ is {again:.3f}: this machine rounds otherwise, or breaks ties otherwise")


def _neighbours(
    found: Neighbourhood,
    words: Sequence[Sequence[str]],
    ids: Sequence[int],
    first: np.ndarray,
    labels: Sequence[str],
    rows: int,
) -> Table:
    """The nearest words: cosine, label, whether it matches, and where they stand."""
    table = Table("", "cosine", "label", "match", "where", box=None, pad_edge=False)
    nearest = list(zip(found.words, found.cosines, found.matches, strict=True))[:rows]
    for rank, (word, cosine, matches) in enumerate(nearest, start=1):
        at = int(np.searchsorted(first, word, side="right")) - 1
        where = _shown(ids[at], words[at], int(word - first[at]), _AROUND)
        label = labels[found.label_ids[word]]
        table.add_row(f"{rank}", f"{cosine:.4f}", Text(label), "yes" if matches else "no", Text(where))
    return table
