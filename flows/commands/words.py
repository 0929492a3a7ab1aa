"""Labels of sentences word by word, to sort, to filter and to compare: the questions of `crosstag store show`."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.store import Store
from flows.parts.word_table import MEASURES, word_table


@dataclass(frozen=True)
class Labelled:
    """The words of a table.

    words    one row per word, in the table's order: sentence_id, place (in the sentence, from 0), word, label, type (of
             the label; O for O), and what the table knows: probability (of the label), agreement, weight
    title    what is compared, for headers
    """

    words: pd.DataFrame
    title: str

    @property
    def measures(self) -> list[str]:
        """Columns of numbers that sentences can be sorted by; in all of them lower is less trusted."""
        return [name for name in MEASURES if name in self.words]


def read_words(store: Store, reference: Reference) -> Labelled:
    """The labels of a table of sentences, word by word; see `flows.parts.word_table`.

    Raises:
        InputError: if the table has no words with labels.
    """
    words = word_table(store, reference).drop_columns(["row"]).to_pandas()
    for name in ("label", "type"):
        words[name] = words[name].cat.reorder_categories(sorted(words[name].cat.categories))
    return Labelled(words, str(reference))


def chosen(found: Labelled, where: str) -> pd.Series:
    """Which words an expression is true of, such as `type == "PER" and weight < 0.2`; pandas reads it.

    Raises:
        InputError: if it cannot be read, or names a column that is not there.
    """
    try:
        answer = found.words.eval(where, engine="python")
    except Exception as error:  # pandas raises what its parser raises
        columns = ", ".join(found.words.columns)
        raise InputError(
            f"--where {where}: {error}; expected a comparison of {columns}, such as "
            "'type == \"PER\" and probability < 0.5'"
        ) from None
    if not isinstance(answer, pd.Series) or answer.dtype != bool:
        raise InputError(f"--where {where}: this is no comparison; write one such as 'probability < 0.5'")
    return answer


def ordered_sentences(found: Labelled, sort: str, among: pd.Series | None = None) -> list[int]:
    """Sentences by their least trusted word, that one first; only words of `among` count.

    Raises:
        InputError: if there is no such number.
    """
    if sort not in found.measures:
        known = ", ".join(found.measures) or "none, as it holds labels alone"
        raise InputError(f"--sort {sort}: {found.title} has no such number; expected one of: {known}")
    words = found.words if among is None else found.words[among]
    return [int(key) for key in words.groupby("sentence_id", sort=False)[sort].min().sort_values(kind="stable").index]


def compared(one: Labelled, other: Labelled) -> pd.DataFrame:
    """Words with both labels (`label`, `other`), joined by sentence and place.

    Raises:
        InputError: if the two tables are not about the same words.
    """
    keys = ["sentence_id", "place"]
    if one.words.duplicated(keys).any() or other.words.duplicated(keys).any():
        raise InputError(f"{one.title} and {other.title}: a sentence comes twice; only tables of one text compare")
    right = other.words.rename(columns={"label": "other", "type": "other_type", "word": "other_word"})
    right = right[[*keys, "other", "other_type", *(name for name in ("other_word",) if name in right)]]
    joined = one.words.merge(right, on=keys, how="left")
    missing = int(joined["other"].isna().sum())
    differing = "other_word" in joined and "word" in joined and (joined["word"] != joined["other_word"]).any()
    if missing or differing:
        what = f"{missing:,} of {len(joined):,} words are not in both" if missing else "their words differ"
        raise InputError(
            f"{one.title} and {other.title}: {what}; expected labels of the same sentences "
            f"(`crosstag store ls {other.title.split('/')[0]}` says of which text each table is)"
        )
    return joined


def differences(joined: pd.DataFrame) -> pd.DataFrame:
    """How often each pair of different labels comes, most frequent first: label, other, words."""
    wrong = joined[joined["label"].astype(str) != joined["other"].astype(str)]
    counts = wrong.groupby(["label", "other"], observed=True).size().sort_values(ascending=False, kind="stable")
    return counts.rename("words").reset_index()


def by_type(joined: pd.DataFrame) -> pd.DataFrame:
    """Per type of the first labels: words, and how many of them the others label otherwise."""
    differs = joined["label"].astype(str) != joined["other"].astype(str)
    grouped = joined.assign(differs=differs).groupby("type", observed=True)["differs"]
    return pd.DataFrame({"words": grouped.size(), "different": grouped.sum()}).reset_index()


def sentence_text(words: pd.DataFrame, marked: Iterable[int] = ()) -> str:
    """One sentence: `word/LABEL`, behind it probability, λ and w where they are; marked words between » and «."""
    stars, parts = set(marked), []
    for row in words.itertuples():
        numbers = [f"{row.probability:.2f}"] if hasattr(row, "probability") else []
        if hasattr(row, "weight"):
            numbers[-1] += f"; λ {row.agreement:.2f}"
            numbers.append(f"w {row.weight:.2f}")
        label = str(row.label)
        other = f", not {row.other}" if hasattr(row, "other") and str(row.other) != label else ""
        behind = "" if label == "O" and row.Index not in stars else f"/{label}"
        if behind and (numbers or other):
            behind += f"({', '.join(numbers)}{other})" if numbers else f"({other[2:]})"
        text = f"{getattr(row, 'word', row.place)}{behind}"
        parts.append(f"»{text}«" if row.Index in stars else text)
    return f"[{words['sentence_id'].iloc[0]}] " + " ".join(parts)
