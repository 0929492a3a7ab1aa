"""From raw sentences of a target language to labelled ones, by translation there and back (CROP, 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.corpora import TargetText
from flows.parts.labelled_translation import LabelledTranslation
from flows.parts.scoring import Tag
from flows.parts.summary import Listing
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import Inference
from tasks.tagging.predict import predict_words
from tasks.tagging.windows import WindowConfig
from tasks.translation.marked.read_markers import MarkerReading, read_markers
from tasks.translation.projection.forward import ForwardReading, split_translation
from tasks.translation.projection.project_entities import EntityProjection, project_entities
from tasks.translation.projection.with_entities import keep_with_entities

_REASONS_SHOWN = 3


@dataclass(frozen=True)
class Tagging:
    """How a tagger labels sentences."""

    windows: WindowConfig
    decoding: Decoding
    inference: Inference

    def label(self, tagger: Reference, sentences: Reference) -> Reference:
        """f(x), a tag for each word."""
        return predict_words(tagger, sentences, self.windows, self.decoding, self.inference)


@dataclass(frozen=True)
class Projecting:
    """Cross-lingual entity projection, with all it needs but the sentences; `tag` is Theta_src's labels."""

    translation: LabelledTranslation
    tag: Tag
    forward: ForwardReading
    projection: EntityProjection

    def project(self, target: TargetText, translated_as: str, reading: MarkerReading) -> Reference:
        """Section 3.4 for one language: D_{x,f(x)}, the raw sentences with the labels that could be projected.

        Args:
            target: its raw sentences.
            translated_as: the language that the translator takes them for.
            reading: how back-translations are read.
        """
        language = target.language
        with stage(f"{language}, forward translation"):
            translated = self.translation.there(target.sentences, translated_as)
            tagged = self.tag(split_translation(translated, self.forward))
        with stage(f"{language}, labelled back-translation"):
            carried = keep_with_entities(tagged)
            marked = read_markers(carried, self.translation.back(carried, translated_as), reading)
        with stage(f"{language}, entity matching"):
            return project_entities(target.sentences, translated, tagged, marked, self.projection)


def kept_sentences(projections: Mapping[str, Reference]) -> Listing:
    """How many raw sentences of each language got labels, and why most others were dropped."""
    columns: dict[str, Form] = {"labelled": "count", "of sentences": "count", "dropped": "text"}
    return Listing("projection into raw sentences", "language", columns, dict(projections), _kept_cells)


def _kept_cells(store: Store, reference: Reference) -> list[Cell]:
    about = store.metadata(reference)
    dropped = list(about["dropped"].items())  # most frequent first
    others = sum(count for _, count in dropped[_REASONS_SHOWN:])
    shown = [*dropped[:_REASONS_SHOWN], *([("others", others)] if others else [])]
    sentences = about["kept"] + sum(about["dropped"].values())
    return [about["kept"], sentences, ", ".join(f"{reason} {count:,}" for reason, count in shown) or None]
