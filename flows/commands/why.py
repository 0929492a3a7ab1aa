"""Why a word's label has the weight that it has: the words that were asked, found again by the method's own search."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from artifacts.errors import InputError
from artifacts.progress import progress
from artifacts.store import Store
from flows.parts.console import text_console
from flows.parts.nearest_words import made_bank, make_bank_of, weighed_by
from tasks.denoising.neighbourhood import Neighbourhood, neighbourhood
from tasks.denoising.neighbours.bank import Bank
from tasks.denoising.reliability import Reliability, label_agreement

_WIDTH = 140
_AROUND = 8
_TOLERANCE = 1e-6


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
    weighed = weighed_by(store, store.find(text))
    table, scores = store.table(weighed.soft_labels, columns=["sentence_id", "words"]), store.table(weighed.scores)
    words: list[list[str]] = table["words"].to_pylist()
    ids: list[int] = table["sentence_id"].to_pylist()
    if sentence not in ids:
        raise InputError(f"--sentence {sentence}: {weighed.soft_labels} has no such sentence; ids stand in brackets")
    at = ids.index(sentence)
    place = _place(word, words[at], sentence)
    labels: list[str] = store.metadata(weighed.scores)["labels"]
    bank = made_bank(store, weighed)
    if bank is None:
        with progress("store why", "representations", sum(map(len, words)), "words", in_flow=False) as advance:
            bank = make_bank_of(store, weighed, device, advance)
    found = neighbourhood(bank, int(bank.starts[at]) + place, labels, weighed.config)
    label = labels[found.label_id]
    agreement, weight = (scores[name][at].as_py()[place] for name in ("agreement", "weight"))
    console = text_console(_WIDTH)
    console.print(f"{weighed.scores}, by {weighed.tagger}\n")
    console.print(_shown(ids[at], words[at], place, len(words[at])))
    mean = store.metadata(weighed.scores)["class_mean"][label]
    rescaled = "" if weighed.config.rescale == "none" else ", divided by the largest of this label"
    console.print(
        f"\n{label}   λ {agreement:.3f}   μ of {label} {mean:.3f}   w {weight:.3f} "
        f"(sigmoid of {weighed.config.sharpness:g} (λ - μ){rescaled})"
    )
    console.print(_tally(found, labels, label, weighed.config))
    _tell_other_numbers(console, weighed.config, found, agreement)
    console.print()
    console.print(_neighbours(found, bank, words, ids, labels, rows))


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
    counts = Counter(labels[each] for each in found.label_ids).most_common()
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
    bank: Bank,
    words: Sequence[Sequence[str]],
    ids: Sequence[int],
    labels: Sequence[str],
    rows: int,
) -> Table:
    """The nearest words: cosine, label, whether it matches, and where they stand."""
    table = Table("", "cosine", "label", "match", "where", box=None, pad_edge=False)
    sentences, places = bank.places(found.words)
    nearest = zip(sentences, places, found.cosines, found.label_ids, found.matches, strict=True)
    for rank, (at, place, cosine, label, matches) in enumerate(islice(nearest, rows), start=1):
        where = _shown(ids[at], words[at], int(place), _AROUND)
        table.add_row(f"{rank}", f"{cosine:.4f}", Text(labels[label]), "yes" if matches else "no", Text(where))
    return table
