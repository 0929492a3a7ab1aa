"""What a run's artifacts hold of one word of a sentence: soft labels, weights, other labels, lexicon, translations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.manifest import Manifest
from artifacts.store import Store
from flows.pages.aligned import projected_places
from flows.pages.labels_said import whose
from flows.pages.shelf import content, reference_of
from flows.pages.stations import Followed, Station
from flows.parts.word_table import NO_LABEL
from tasks.words.spans import spans_of

_LEXICON_ROWS = 65_536


@dataclass(frozen=True)
class Bar:
    """A label's share of a soft label; shares up to its own are left of it."""

    label: str
    type: str
    left: float
    share: float


@dataclass(frozen=True)
class Opinion:
    """A tagger's soft label of the word, and how far it is trusted.

    Attributes:
        station: where it is from.
        model: whose it is; empty if that is unknown.
        bars: of every label, in the labels' order.
        label: the most probable one.
        probability: of that.
        weights: the station that weighs it; None if none does.
        agreement: λ; None without weights.
        mean: μ, of the words with its label; None if it is unknown.
        weight: w; None without weights.
    """

    station: Station
    model: str
    bars: tuple[Bar, ...]
    label: str
    probability: float
    weights: Station | None
    agreement: float | None
    mean: float | None
    weight: float | None

    @property
    def likeliest(self) -> list[Bar]:
        """The three labels that it thinks most probable."""
        return sorted(self.bars, key=lambda bar: -bar.share)[:3]


def opinions(followed: Followed, place: int, names: dict[str, str]) -> list[Opinion]:
    """Soft labels of the word by each model, labeller and iteration that gave it any, in the order of the run."""
    weights = {each.manifest.recipe.inputs.get("soft_labels"): each for each in followed.of("reliability")}
    found = []
    for station in followed.of("soft_labels", "partial_soft_labels"):
        if not station.row.get("labelled", [True] * (place + 1))[place]:
            continue
        labels: list[str] = station.manifest.metadata["labels"]
        shares = station.row["probabilities"][place]
        best = max(range(len(labels)), key=shares.__getitem__)
        weighed = weights.get(content(station.manifest))
        found.append(
            Opinion(
                station,
                whose(station.manifest, names),
                _bars(labels, shares),
                labels[best],
                shares[best],
                weighed,
                weighed.row["agreement"][place] if weighed else None,
                weighed.manifest.metadata["class_mean"].get(labels[best]) if weighed else None,
                weighed.row["weight"][place] if weighed else None,
            )
        )
    return found


def _bars(labels: Sequence[str], shares: Sequence[float]) -> tuple[Bar, ...]:
    bars, left = [], 0.0
    for label, share in zip(labels, shares, strict=True):
        bars.append(Bar(label, label if len(label) < 3 else label[2:], left, share))
        left += share
    return tuple(bars)


def hard_labels(followed: Followed, place: int) -> list[tuple[Station, str]]:
    """The word's label where there is but one: votes, decoded labels, training sets, gold; whoever gave it none."""
    left = followed.of("partial_soft_labels")
    found = [(station, NO_LABEL) for station in left if not station.row["labelled"][place]]
    for station in followed.of("gold", "votes", "predictions", "projection", "training_set"):
        tags = station.row["votes" if station.kind == "votes" else "tags"]
        if place < len(tags):
            found.append((station, tags[place] or NO_LABEL))
    return found


def lexicon_entries(store: Store, lexicon: Manifest, word: str, language: str) -> tuple[str, list[dict[str, Any]]]:
    """What a lexicon says of a word, best first; as the translation does, in lower case if not as it is written.

    Args:
        store: that it lies in.
        lexicon: either side of which may be the word's.
        word: as it stands in the sentence.
        language: of the sentence.

    Returns:
        The side on which the word is looked up, empty if the lexicon is of other languages; and the rows.
    """
    sides = {lexicon.metadata.get(f"{side}_language"): side for side in ("target", "source")}
    if language not in sides:
        return "", []
    side, ways = sides[language], list(dict.fromkeys([word, word.lower()]))
    rows: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for batch in store.batches(reference_of(lexicon), rows=_LEXICON_ROWS):
        for row in batch.filter(pc.is_in(batch[side], pa.array(ways))).to_pylist():
            rows[row[side]].append(row)
    entries = next((rows[way] for way in ways if rows[way]), [])
    return side, sorted(entries, key=lambda row: (row["rank"], -(row["csls"] or 0)))


def translations(followed: Followed, place: int) -> list[tuple[str, str, str]]:
    """What the word became, or came from: which artifact tells it, the other word or words, and how it was found."""
    found = []
    for one in (followed, *followed.copies):
        row = one.own
        if row is None or one.text.kind != "translation" or "marked" in row["origin"]:
            continue
        if len(row["source_words"]) == len(row["words"]) > place:
            other = row["source_words"] if one is followed else row["words"]
            name = str(reference_of(one.text))
            found.append((name, other[place], ("from " if one is followed else "by ") + row["origin"][place]))
    for station in followed.of("projection"):
        found += [(str(station.reference), *each) for each in _projected(station.row, place)]
    for station in followed.of("conjugate_pairs"):
        row = station.row
        for n, reason in enumerate(row["reasons"]):
            if row["starts"][n] <= place < row["ends"][n]:
                words = row["translation"][row["translated_starts"][n] : row["translated_ends"][n]]
                found.append((str(station.reference), " ".join(words) if not reason else "", reason or "pair"))
    return found


def _projected(row: dict[str, Any], place: int) -> list[tuple[str, str]]:
    """The entity of the forward translation from which the word has its label."""
    sources = spans_of(row["source_tags"])
    return [
        (" ".join(row["source_words"][sources[number][0] : sources[number][1]]), f"entity {kind} there and back")
        for start, end, number, kind in projected_places(row)
        if start <= place < end and number < len(sources)
    ]
