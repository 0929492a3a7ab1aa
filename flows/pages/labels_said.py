"""The labels of one sentence as a page shows them: the words of a station, with what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from artifacts.manifest import Manifest
from flows.pages.shelf import content
from flows.pages.stations import Followed, Station
from flows.pages.word_tables import Word
from flows.parts.word_table import NO_LABEL


@dataclass(frozen=True)
class Said:
    """Labels of a sentence, by whom, and how far each is trusted.

    Attributes:
        station: where they are from.
        weights: the station that weighs them; None if none does.
        model: whose they are; empty if that is unknown.
        words: with label, probability, λ and w, as far as they are known.
        mistaken: how many of them differ from the gold labels; None without these.
    """

    station: Station
    weights: Station | None
    model: str
    words: tuple[Word, ...]
    mistaken: int | None = None


def said_by_all(followed: Followed, names: dict[str, str], gold: Sequence[str] | None) -> list[Said]:
    """The labels of every tagger and labeller, of votes and of decoded labels, in the order of the run.

    Args:
        followed: the sentence.
        names: of models, by content.
        gold: its gold labels, if they may be seen.
    """
    weights = {each.manifest.recipe.inputs.get("soft_labels"): each for each in followed.of("reliability")}
    found = []
    for station in followed.of("soft_labels", "partial_soft_labels", "predictions", "votes"):
        weighed = weights.get(content(station.manifest))
        labels: list[str] = station.manifest.metadata["labels"]
        words = label_words(station, labels, weighed)
        wrong = None
        if gold is not None and len(gold) == len(words):
            wrong = sum(word.label not in (right, NO_LABEL) for word, right in zip(words, gold, strict=True))
        found.append(Said(station, weighed, whose(station.manifest, names), words, wrong))
    return found


def label_words(station: Station, labels: Sequence[str], weights: Station | None = None) -> tuple[Word, ...]:
    """The words of a station with their labels; the most probable ones of soft labels."""
    row = station.row
    if station.kind in ("soft_labels", "partial_soft_labels"):
        best = [max(range(len(labels)), key=each.__getitem__) for each in row["probabilities"]]
        known = row.get("labelled") or [True] * len(best)
        tags: Sequence[str] = [
            labels[place] if is_known else NO_LABEL for place, is_known in zip(best, known, strict=True)
        ]
        probabilities = [each[place] for each, place in zip(row["probabilities"], best, strict=True)]
    else:
        tags = [tag or NO_LABEL for tag in row["votes" if station.kind == "votes" else "tags"]]
        probabilities = None
    return words_with(row["words"], tags, probabilities, weights)


def words_with(
    words: Sequence[str],
    tags: Sequence[str],
    probabilities: Sequence[float] | None = None,
    weights: Station | None = None,
) -> tuple[Word, ...]:
    """Words with their labels, without any if there are none: those of a sentence that was dropped."""
    shown = tags or ["O"] * len(words)
    return tuple(
        Word(
            place,
            word,
            label,
            label if len(label) < 3 else label[2:],
            probabilities[place] if probabilities else None,
            weights.row["agreement"][place] if weights else None,
            weights.row["weight"][place] if weights else None,
            "",
            False,
        )
        for place, (word, label) in enumerate(zip(words, shown, strict=True))
    )


def words_of(followed: Followed) -> list[str]:
    """The words of a sentence; of a text that is gone, those that a table of labels repeats."""
    rows = [followed.own or {}, *(each.row for each in followed.stations)]
    found: list[str] = next((row["words"] for row in rows if isinstance(row.get("words"), list)), [])
    return found


def whose(manifest: Manifest, names: dict[str, str]) -> str:
    """The models among an artifact's inputs, as the method calls them."""
    return ", ".join(dict.fromkeys(names[each] for each in manifest.recipe.inputs.values() if each in names))


@dataclass(frozen=True)
class SpanHistory:
    """A span that was an entity at some time: its class, probability, and whether it was moved, by column."""

    text: str
    start: int
    end: int
    labels: tuple[tuple[str, float, bool] | None, ...]


def span_histories(stations: Sequence[Station]) -> list[SpanHistory]:
    """The spans of a sentence that any of some tables of span labels calls an entity, in the sentence's order."""
    found: dict[tuple[int, int], list[tuple[str, float, bool] | None]] = {}
    texts = {}
    for column, station in enumerate(stations):
        for row in station.rows:
            at = (row["start"], row["end"])
            moved = any(row["decision"] or ())
            found.setdefault(at, [None] * len(stations))[column] = (row["label"], row["probability"], moved)
            texts[at] = row["text"]
    return [
        SpanHistory(texts[at], *at, tuple(labels))
        for at, labels in sorted(found.items())
        if any(each and each[0] != "O" for each in labels)
    ]
