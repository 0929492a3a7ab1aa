"""Labels placed on plain translations by word alignment: configuration and steps."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from artifacts.reference import Reference
from artifacts.runtime import stage
from artifacts.settings import Settings
from tasks.aligned.candidates import CandidateSpans
from tasks.aligned.eflomal_alignment import align_by_eflomal
from tasks.aligned.encoder_alignment import EncoderAlignment, align_by_encoder
from tasks.aligned.join_alignments import Joining, join_alignments
from tasks.aligned.place_labels import LabelPlacing, place_labels
from tasks.aligned.rank_places import rank_places
from tasks.aligned.ranking import PlaceRanking
from tasks.aligned.score_candidates import score_candidates
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.translation.machine.engines import Generation
from tasks.translation.pairs.word_alignment import Alignment, align_words


class AlignedLabels(Settings):
    """How words of sentences and their translations are aligned, and labels placed."""

    aligner: Literal["encoder", "eflomal", "both"] = Field(
        "encoder",
        title="Aligner",
        description="encoder: the run's own, by the similarity of its sub-words, without training (SimAlign); eflomal: "
        "learns from the translation, with parallel text, if there is any, as its prior; both: their links joined.",
    )
    encoder: EncoderAlignment = Field(EncoderAlignment(), title="By the encoder", description="Which layer.")
    eflomal: Alignment = Field(Alignment(), title="By eflomal", description="How eflomal aligns.")
    joining: Joining = Field(
        "union", title="Joining", description="Of both: the links of either (union), or those of both (intersection)."
    )
    placing: LabelPlacing = Field(
        LabelPlacing(), title="Placing", description="When an entity has a place in the translation."
    )
    ranking: Literal["off", "unplaced", "all"] = Field(
        "off",
        title="Ranking",
        description="Entities whose place the translator chooses among spans of the translation, by how probable it "
        "finds each (T-Projection). unplaced: those that alignment gives no safe place; all: every one, alignment "
        "only says among which spans.",
    )
    candidates: CandidateSpans = Field(
        CandidateSpans(), title="Candidates", description="Which spans are ranked, if ranking is not off."
    )
    ranked: PlaceRanking = Field(
        PlaceRanking(), title="Ranked places", description="When the best candidate becomes the place."
    )

    @property
    def asks_eflomal(self) -> bool:
        """Whether eflomal is called."""
        return self.aligner != "encoder"


@dataclass(frozen=True)
class Ranker:
    """The translator that ranks candidates.

    Attributes:
        translator: of the sentences.
        backward: that of the other direction, often the same; None: there is none.
        generation: engine and precision.
    """

    translator: Reference
    backward: Reference | None
    generation: Generation


@dataclass(frozen=True)
class Reader:
    """The encoder of a run, and how sentences are read by it."""

    encoder: Reference
    windows: WindowConfig
    inference: Inference


def aligned_words(
    source: Reference, target: Reference, parallel: tuple[Reference, ...], choice: AlignedLabels, reader: Reader
) -> Reference:
    """Links between the words of sentences and of their translations.

    Args:
        source: the sentences.
        target: the translations, under their ids.
        parallel: texts that eflomal learns from, in the same direction.
        choice: how words are aligned.
        reader: of the run.
    """
    alignments: list[Reference] = []
    if choice.aligner != "eflomal":
        alignments.append(
            align_by_encoder(source, target, reader.encoder, choice.encoder, reader.windows, reader.inference)
        )
    if choice.asks_eflomal:
        with stage("parallel text, aligned"):
            learnt = tuple(align_words(each, choice.eflomal) for each in parallel)
        alignments.append(align_by_eflomal(source, target, learnt, choice.eflomal))
    if len(alignments) == 1:
        return alignments[0]
    return join_alignments(alignments[0], alignments[1], choice.joining)


def placed_along(
    data: Reference, translated: Reference, alignment: Reference, choice: AlignedLabels, ranker: Ranker | None
) -> Reference:
    """Translations of labelled sentences, with their labels.

    Args:
        data: the labelled sentences.
        translated: the translations, under their ids.
        alignment: links between the words of both.
        choice: how labels are placed.
        ranker: ranks candidates for places; None where nothing is ranked.
    """
    placed = place_labels(data, translated, alignment, choice.placing)
    if choice.ranking == "off" or ranker is None:
        return placed
    with stage("ranked by the translator"):
        by = (ranker.translator, ranker.backward)
        scores = score_candidates(placed, alignment, *by, choice.ranking, choice.candidates, ranker.generation)
        return rank_places(placed, scores, choice.ranked, choice.placing.incomplete)


def placed_labels(
    data: Reference,
    translated: Reference,
    parallel: tuple[Reference, ...],
    choice: AlignedLabels,
    reader: Reader,
    ranker: Ranker | None = None,
) -> Reference:
    """Labelled sentences and their translations, aligned, and labels placed; see `aligned_words`, `placed_along`."""
    alignment = aligned_words(data, translated, parallel, choice, reader)
    return placed_along(data, translated, alignment, choice, ranker)
