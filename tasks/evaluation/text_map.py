"""A map of raw sentences and of their back-translations, by the translator's encoder and t-SNE (CROP, Figure 4)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pydantic import Field

from artifacts.catalog import FIGURES, Projection, Translator
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.text import split_at_spaces
from tasks.evaluation.drawing import Cloud, draw_clouds
from tasks.translation.machine.representations import Pooling, sentence_representations
from tasks.translation.machine.translator import load_translator
from tasks.translation.marked.markers import cut, form_of
from tasks.translation.marked.moses import detokenizer

_NAME = "crop-figure4-text-map"
_WHAT = "Raw sentences and their back-translations, by the translator's encoder and t-SNE (CROP, Figure 4)"
_PANELS = {"raw": "(a) raw sentences", "back": "(b) back-translations"}


class TextMap(Settings):
    """How sentences become points."""

    sentences: int = Field(
        1000,
        ge=2,
        title="Sentences",
        description="Of each language, drawn at random from those that were translated back (paper: 1000).",
    )
    pooling: Pooling = Field(
        "first",
        title="Pooling",
        description="What stands for a sentence, of the encoder's last layer; the paper is silent. first: the position "
        "of the language, in front of the text (the published code); mean: the mean of its sub-words.",
    )
    perplexity: float = Field(
        30.0, gt=1, title="Perplexity", description="Of t-SNE, about the number of neighbours; less for few sentences."
    )
    seed: int = Field(0, ge=0, title="Seed", description="Of the draw of sentences and of t-SNE.")


def plain_text(output: str) -> str:
    """A labelled back-translation without its markers."""
    return " ".join(cut(output, split_at_spaces, form_of(output)).text.split())


def drawn_rows(outputs: pa.ChunkedArray, most: int, seed: int) -> np.ndarray:
    """Row numbers of at most so many outputs that are not blank, drawn at random, ascending."""
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(outputs)), 0).to_numpy()
    return np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(~blank))[:most])


def flattened(vectors: np.ndarray, perplexity: float, seed: int) -> np.ndarray:
    """[N, 2] places of [N, hidden] vectors by t-SNE (van der Maaten and Hinton, 2008), from their principal components.

    The perplexity is less than a third of N - 1, whatever is asked for.
    """
    from sklearn.manifold import TSNE

    fitting = min(perplexity, max((len(vectors) - 1) / 3, 1.0))
    places: np.ndarray = TSNE(2, perplexity=fitting, init="pca", random_state=seed).fit_transform(vectors)
    return places


@step(FIGURES)
def draw_text_map(
    job: Job,
    translator: Translator,
    projections: tuple[Projection, ...],
    translated_as: tuple[str, ...],
    config: TextMap,
) -> None:
    """Two clouds of points over one map: the raw sentences of each language, and the same after translation and back.

    `translated_as` are the languages that the translator takes those of the projections for.

    Raises:
        InputError: if no sentence was translated back, or the translator is no M2M100.
    """
    model, tokenizer = load_translator(job.folder(translator))
    model.to(job.device)
    rows: list[dict[str, object]] = []
    vectors: list[np.ndarray] = []
    with job.progress("representing texts", 2 * len(projections), "texts") as advance:
        for projection, language in zip(projections, translated_as, strict=True):
            table = job.table(projection, columns=["sentence_id", "words", "output"])
            table = table.take(pa.array(drawn_rows(table["output"], config.sentences, config.seed)))
            texts = {
                "raw": [detokenizer(language)(words) for words in table["words"].to_pylist()],
                "back": [plain_text(output) for output in table["output"].to_pylist()],
            }
            name, ids = job.metadata(projection)["language"], table["sentence_id"].to_pylist()
            for kind, found in texts.items():
                rows += [{"text": kind, "language": name, "sentence_id": sentence_id} for sentence_id in ids]
                vectors.append(
                    sentence_representations(
                        model,
                        tokenizer,
                        found,
                        language,
                        config.pooling,
                        device=job.device,
                        budget=job.inference_subwords,
                    )
                )
                advance(1)
    if len(rows) < 3:
        raise InputError(
            f"text map: {len(rows) // 2} sentences were translated back, expected at least 2; look at the projections, "
            "or leave text_map out"
        )
    places = flattened(np.concatenate(vectors), config.perplexity, config.seed)
    columns = {"x": pa.array(places[:, 0]), "y": pa.array(places[:, 1])}
    data = pa.Table.from_pylist(rows)
    for axis, values in columns.items():
        data = data.append_column(axis, values)
    draw_clouds(*clouds(data), job.output_folder / f"{_NAME}.png")
    csv.write_csv(data, job.output_folder / f"{_NAME}.csv", csv.WriteOptions(quoting_style="needed"))
    job.describe({"figures": {_NAME: _WHAT}})


def clouds(data: pa.Table) -> tuple[list[str], list[list[Cloud]]]:
    """Titles of the panels, and their clouds: one for each language, in the same order in all panels."""
    kinds, languages = (np.array(data[name].to_pylist(), dtype=object) for name in ("text", "language"))
    x, y = (data[name].to_numpy() for name in ("x", "y"))
    names: Sequence[str] = list(dict.fromkeys(languages.tolist()))
    panels = []
    for kind in _PANELS:
        places = [np.flatnonzero((kinds == kind) & (languages == name)) for name in names]
        panels.append([Cloud(name, x[at], y[at]) for name, at in zip(names, places, strict=True)])
    return list(_PANELS.values()), panels
