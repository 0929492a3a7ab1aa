"""Ship a tagger: files that transformers' pipeline loads, if it knows the head, and a model card."""

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

import pyarrow as pa
import yaml
from pydantic import Field

from artifacts.catalog import STUDENT, Corrections, Scores, Sentences, Tagger
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.corrections import by_whom
from tasks.corpus.segmenters import SEGMENTERS, UNSPACED, language_code
from tasks.distillation.span_card import SPAN_USE
from tasks.distillation.word_card import BETWEEN, EMISSIONS, PLAIN, WORD_USE
from tasks.tagging.crf_head import CRF
from tasks.tagging.decoding import Decoding
from tasks.tagging.heads import LINEAR, Head
from tasks.tagging.inference import open_tagger
from tasks.tagging.span_head import SPANS
from tasks.tagging.tagger import save_tagger, usable_positions
from tasks.tagging.windows import WindowConfig

_USE = """```python
from tasks.tagging.student import load_student  # of Crosstag

tagger = load_student("path/to/this/folder")
tagger("...")  # entities: type, text, start, end, probability; sentences of any length
```

`crosstag predict path/to/this/folder sentences.txt` gives the same, as tags of words."""

_USE_IN_PIPELINES = """With transformers alone:

```python
from transformers import pipeline

tagger = pipeline("token-classification", "path/to/this/folder", aggregation_strategy="first"{stride})
tagger("...")
```

`aggregation_strategy="first"` matters: the model reads the first sub-word of each word and learned nothing about the
others, so that "simple" cuts words apart. {windows}Two differences to Crosstag remain, which no setting of a
pipeline takes away: an I- that begins nothing counts as an entity, where Crosstag {instead}; and the parts of a word
around a hyphen or a full stop count as words."""

_INSTEAD = {"viterbi": "takes the most probable valid tags (Viterbi)", "argmax": "counts it as none"}

_WINDOWS = "`stride` matters, too: without it, the end of a long sentence is left out. "

_EMISSIONS_IN_PIPELINES = """With transformers alone, but without the CRF:

```python
from transformers import pipeline

tagger = pipeline("token-classification", "path/to/this/folder", aggregation_strategy="first"{stride})
tagger("...")
```

The model's head is a CRF, which scores whole label sequences; a pipeline labels each word by its emissions alone. What
that costs is seen among the scores, where there are any of the emissions alone. {windows}`aggregation_strategy="first"`
matters: the model reads the first sub-word of each word. Two differences to these scores remain: to a pipeline, an I-
that begins nothing is an entity, and the parts of a word around a hyphen or a full stop are words."""

_UNSPACED_IN_PIPELINES = """A pipeline of transformers does not find the words of {languages}, between which text has no
spaces: each Chinese character is one to it. Use `load_student` or `crosstag predict` for such text."""

_NOT_IN_PIPELINES = "The model has a head of its own: a pipeline of transformers would not read it as it was trained."


class StudentCard(Settings):
    """What the model card says."""

    name: str = Field("crosstag-student", title="Name", description="The model's name, its card's title.")
    method: str = Field("CoLaDa", title="Method", description="The method that trained it.")
    source_language: str = Field("", title="Source language", description="Code of the labelled language, such as en.")
    target_languages: tuple[str, ...] = Field(
        (), title="Target languages", description="Codes of the model's languages, such as de."
    )
    data: tuple[str, ...] = Field((), title="Data", description="What it was trained on, a line each; names, no paths.")
    config_text: str = Field("", title="Configuration", description="The run's configuration as YAML.")
    chosen_by_gold: bool = Field(
        False, title="Chosen by gold", description="Whether gold labels of the target language chose its epochs."
    )
    previous: str = Field("", title="Previous student", description="The student that it goes on from, if any.")
    windows: WindowConfig = Field(WindowConfig(), title="Windows", description="In which its texts were tagged.")
    decoding: Decoding = Field(Decoding(), title="Decoding", description="From its scores of words to their tags.")


def model_card(
    card: StudentCard,
    labels: list[str],
    scores: list[tuple[str, list[dict[str, Any]]]],
    head: Head,
    pipelines: bool,
    positions: int | None,
    segmenters: Mapping[str, str],
    authors: Mapping[str, int],
) -> str:
    """The text of README.md.

    Args:
        card: what to say.
        labels: the label list.
        scores: per scored model its name and its rows (type, precision, recall, f1, gold, ...).
        head: the tagger's.
        pipelines: whether transformers' pipelines know words by the tagger's tokenizer.
        positions: how many sub-words the model takes; None where nothing limits it.
        segmenters: what split its text into words, by language; of those without spaces.
        authors: numbers of sentences whose labels people corrected, by author.
    """
    front: dict[str, Any] = {
        "language": list(card.target_languages),
        "pipeline_tag": "token-classification",
        "library_name": "transformers",
    }
    front["tags"] = ["named-entity-recognition", "cross-lingual", "crosstag"]
    if segmenters:
        front["segmenters"] = dict(segmenters)
    if card.windows != WindowConfig():
        front["windows"] = card.windows.model_dump(mode="json")
    if card.decoding != Decoding():
        front["decoding"] = card.decoding.model_dump(mode="json")
    languages = ", ".join(card.target_languages) or "the target language"
    source = card.source_language or "the source language"
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---",
        f"# {card.name}",
        _made_of(card, languages, source, authors),
        f"Labels: {', '.join(labels)}.",
        f"## Use\n\n{_USE}",
        _with_transformers(head, pipelines, positions, card, segmenters),
    ]
    if card.data:
        parts.append("## Data\n\n" + "\n".join(f"- {line}" for line in card.data))
    if scores:
        parts.append(
            "## Scores\n\nEntity level, strict IOB2, in per cent.\n\n" + "\n\n".join(_table(*each) for each in scores)
        )
    if card.config_text:
        parts.append(f"## Configuration\n\n```yaml\n{card.config_text.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _made_of(card: StudentCard, languages: str, source: str, authors: Mapping[str, int]) -> str:
    """In a sentence or two, what it was trained from, and which labels of its own language had a part in it."""
    alone = not (authors or card.chosen_by_gold or card.previous)
    told = f"A named-entity tagger for {languages}, trained "
    told += f"{'without labels of that language ' if alone else ''}from labels in {source} ({card.method}, by Crosstag)"
    if authors:
        told += (
            f", and from labels that people gave {sum(authors.values()):,} of the sentences that it learnt from: "
            f"{escape(by_whom(authors))}"
        )
    told += "."
    if card.previous:
        told += f" It goes on from `{card.previous}`; what that one was trained from, its own card says."
    if card.chosen_by_gold:
        told += " Gold labels of a development set of that language chose its epochs: it is not zero-resource."
    return told


def _with_transformers(
    head: Head, pipelines: bool, positions: int | None, card: StudentCard, segmenters: Mapping[str, str]
) -> str:
    """How it is used without Crosstag: by a pipeline, for the languages whose words one finds; else by some lines."""
    if head.name == SPANS.name:
        return SPAN_USE
    if head.name not in (LINEAR.name, CRF.name):
        return _NOT_IN_PIPELINES
    instead = _INSTEAD[card.decoding.method]
    if not pipelines:
        return f"{WORD_USE}{PLAIN.format(instead=instead) if head.in_pipelines else EMISSIONS}{BETWEEN}"
    unspaced = [code for code in card.target_languages if language_code(code) in {*UNSPACED, *segmenters}]
    parts = [_UNSPACED_IN_PIPELINES.format(languages=", ".join(unspaced))] if unspaced else []
    if not unspaced or len(unspaced) < len(card.target_languages):
        text = _USE_IN_PIPELINES if head.in_pipelines else _EMISSIONS_IN_PIPELINES
        stride, windows = "", ""
        if positions is not None:
            stride, windows = f", stride={min(card.windows.overlap_subwords, positions // 4)}", _WINDOWS
        parts.insert(0, text.format(stride=stride, windows=windows, instead=instead))
    return "\n\n".join(parts)


def _table(name: str, rows: list[dict[str, Any]]) -> str:
    lines = [f"**{name}**", "", "| type | precision | recall | F1 | gold entities |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        values = " | ".join(f"{100 * row[key]:.1f}" for key in ("precision", "recall", "f1"))
        lines.append(f"| {row['type']} | {values} | {row['gold']} |")
    return "\n".join(lines)


@step(STUDENT)
def export_student(
    job: Job,
    tagger: Tagger,
    scores: tuple[Scores, ...],
    card: StudentCard,
    texts: tuple[Sentences, ...],
    corrections: tuple[Corrections, ...] = (),
) -> None:
    """Saves the student with a model card: how it is used, how `texts` were split, who corrected labels of theirs."""
    head, model, tokenizer = open_tagger(job.folder(tagger))
    labels = head.labels(model)
    positions = usable_positions(model.config)
    if positions is not None:
        tokenizer.model_max_length = positions
    save_tagger(model, tokenizer, job.output_folder)
    tables: list[tuple[pa.Table, str]] = [(job.table(one), job.metadata(one)["name"]) for one in scores]
    about = [job.metadata(text) for text in texts]
    segmenters = {
        language_code(each["language"]): each["splitter"] for each in about if each.get("splitter") in SEGMENTERS
    }
    listed = [(name, table.to_pylist()) for table, name in tables]
    authors: Counter[str] = Counter()
    for given in corrections:
        authors.update(job.metadata(given)["authors"])
    # Pipelines know words where the tokenizer marks the sub-words that go on with one: WordPiece does.
    pipelines = bool(getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None))
    text = model_card(card, labels, listed, head, pipelines, positions, segmenters, dict(sorted(authors.items())))
    (job.output_folder / "README.md").write_text(text, encoding="utf-8")
    job.describe({"labels": labels})
