"""What a translator learns from, what it gave back, and what was read from it."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import ID, NUMBERS, STRINGS, TAGS, WORDS
from artifacts.catalog.forms import (
    aligned_translation,
    candidate_scores,
    column_file,
    conjugate_pairs,
    marked_translation,
    projection,
)
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

MARKED_PAIRS = Dataset(
    "marked_pairs",
    """Sentence pairs that a translator learns from; markers enclose spans that translate each other (CROP, 3.3).

    pair_id   joins `parallel`; a pair may come several times, plain and with other spans marked
    source    the sentence, untokenised: `... __SLOT0__ Munich __SLOT0__ ...`
    target    its translation, the same markers around the translated spans
    spans     number of marked spans; 0 for a plain pair
    metadata  source_language; target_language; pairs_by_spans: how many rows have 0, 1, ... marked spans
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
            pa.field("spans", pa.int32(), nullable=False),
        ]
    ),
)
MarkedPairs = Annotated[Reference, MARKED_PAIRS]

WORD_ALIGNMENT = Dataset(
    "word_alignment",
    """Which words of a sentence pair translate each other, by eflomal (CROP, 3.3) or by an encoder's similarities.

    pair_id       joins `parallel`, in its order; or is the sentence_id of sentences that were aligned with translations
    source_words  words of the source sentence
    target_words  words of its translation
    source_links  per link the position of its source word, from 0; links are sorted by source, then target position
    target_links  per link the position of its target word
    similarities  per link the cosine of the two words, [-1, 1]; null by eflomal, which gives none
    metadata      source_language; target_language; aligner: eflomal, encoder, or how two were joined; links: number of
                  links; by eflomal: symmetrisation; unaligned_pairs: pairs that were left without links because a side
                  is too long; by an encoder: layer
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source_words", STRINGS, nullable=False),
            pa.field("target_words", STRINGS, nullable=False),
            pa.field("source_links", pa.list_(pa.int32()), nullable=False),
            pa.field("target_links", pa.list_(pa.int32()), nullable=False),
            pa.field("similarities", NUMBERS, nullable=False),
        ]
    ),
)
WordAlignment = Annotated[Reference, WORD_ALIGNMENT]

MACHINE_TRANSLATION = Dataset(
    "machine_translation",
    """What a translator made of sentences, before anything is read from it.

    sentence_id  joins the sentences that were translated
    source       the text the translator got: detokenised, entities between markers if the sentences have tags
    output       the text it gave back, as it is; empty if `source` is empty or too long
    metadata     source_language; target_language; markers: their form, slot, xml or brackets, if there are some
    """,
    pa.schema([ID, pa.field("source", pa.string(), nullable=False), pa.field("output", pa.string(), nullable=False)]),
)
MachineTranslation = Annotated[Reference, MACHINE_TRANSLATION]

MARKED_TRANSLATION = Dataset(
    "marked_translation",
    """Marked sentences after translation, kept or dropped: the way of each from source to result.

    sentence_id    joins the `labelled` table it was made from
    source_words   the sentence
    source_tags    its IOB2 tags
    marked_source  the text the translator got
    output         the text it gave back
    words          words of the translation, markers removed; empty if dropped
    tags           one IOB2 tag per word, read from the markers; empty if dropped
    entities       per entity of the translation, in its order, which one of the source it is, from 0; between brackets,
                   entities that are all of one type are not told apart, and count in their order; empty if dropped
    reason         why it was dropped, one of `tasks.translation.marked.markers.REASONS`; "" if kept
    metadata       language; labels; corpus: the sentences that were translated, such as labelled/3f2a...;
                   markers: their form, slot, xml or brackets; dropped: number of sentences by reason; mended: number of
                   markers in kept sentences that were read in spite of damage
    """,
    pa.schema(
        [
            ID,
            pa.field("source_words", STRINGS, nullable=False),
            pa.field("source_tags", STRINGS, nullable=False),
            pa.field("marked_source", pa.string(), nullable=False),
            pa.field("output", pa.string(), nullable=False),
            WORDS,
            TAGS,
            pa.field("entities", pa.list_(pa.int32()), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
    form=marked_translation,
    text=column_file,
)
MarkedTranslation = Annotated[Reference, MARKED_TRANSLATION]

ALIGNED_TRANSLATION = Dataset(
    "aligned_translation",
    """Labelled sentences after a plain translation, entities carried over along the links between words.

    sentence_id   joins the `labelled` table it was made from; every sentence has its row
    source_words  the sentence
    source_tags   its IOB2 tags
    words         words of the translation; empty without one
    tags          one IOB2 tag per word; empty if the sentence was dropped
    starts        per entity of the source, in its order, the first word of its place in `words`, from 0; -1 without one
    ends          the word behind its last; -1 without a place
    shares        share of the entity's words that have a link to its place, [0, 1], higher is better; null for one that
                  was ranked by the translator
    similarities  mean similarity of these links, [-1, 1]; null where the aligner gives none; of a ranked one that of
                  its best candidate (`tasks.aligned.similarity`), from 0, about 1 for what translates it, null without
    reasons       per entity why it has no place, one of `tasks.aligned.spans.REASONS` or, ranked, of
                  `tasks.aligned.ranking.REASONS`; "" if it has one
    reason        why the sentence was dropped: untranslated, or the reason of its first entity without a place; "" if
                  kept
    metadata      language; labels; corpus: the sentences that were translated, such as labelled/3f2a...; kept: number
                  of sentences; dropped: number of sentences by reason; entities: of the translated sentences; placed:
                  how many of them have a place; lost: the others by reason; untranslated: sentences that were not read
                  from the translation, by reason, where it tells; ranking, if the translator ranked: which entities;
                  minimum; asked: how many; placed: how many of them by what alignment had said, the reason or "placed";
                  agreed: how many stand where alignment had placed them; and metadata of `candidate_scores`
    """,
    pa.schema(
        [
            ID,
            pa.field("source_words", STRINGS, nullable=False),
            pa.field("source_tags", STRINGS, nullable=False),
            WORDS,
            TAGS,
            pa.field("starts", pa.list_(pa.int32()), nullable=False),
            pa.field("ends", pa.list_(pa.int32()), nullable=False),
            pa.field("shares", NUMBERS, nullable=False),
            pa.field("similarities", NUMBERS, nullable=False),
            pa.field("reasons", STRINGS, nullable=False),
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
    form=aligned_translation,
    text=column_file,
)
AlignedTranslation = Annotated[Reference, ALIGNED_TRANSLATION]

CANDIDATE_SCORES = Dataset(
    "candidate_scores",
    """Spans of a translation that an entity may have as its place, and how probable the translator finds each.

    Log probabilities are means over sub-words and the end (`tasks.translation.machine.scoring`). Rows are by sentence,
    then entity; of its candidates the first are nearest to what word alignment says.

    sentence_id    joins `aligned_translation`
    entity         which of the source's entities, in its order, from 0
    start          the candidate's first word in the translation, from 0
    end            the word behind its last
    source         text of the entity, e
    target         text of the candidate, c
    forward        log p(c | e); null where a text is too long
    forward_self   log p(c | c)
    backward       log p(e | c); null, too, if the translator has one direction
    backward_self  log p(e | e); likewise
    metadata       source_language; target_language; which: unplaced or all; both_directions; entities: how many were
                   asked for; without_candidates: how many of them have none; candidates; pairs: different pairs of
                   texts; left_out: candidates beyond the most that an entity may have; entities_cut: of how many;
                   unscored: of the candidates, because a text is too long
    """,
    pa.schema(
        [
            ID,
            pa.field("entity", pa.int32(), nullable=False),
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
            pa.field("forward", pa.float32()),
            pa.field("forward_self", pa.float32()),
            pa.field("backward", pa.float32()),
            pa.field("backward_self", pa.float32()),
        ]
    ),
    form=candidate_scores,
)
CandidateScores = Annotated[Reference, CANDIDATE_SCORES]

PROJECTION = Dataset(
    "projection",
    """Raw sentences of the target language with the labels that came back to them by translation (CROP, 3.4).

    sentence_id   joins the `sentences` that were projected to; every one of them has its row
    words         the raw sentence
    forward       its translation into the source language, as it came; empty without one
    source_words  the words of that translation; empty if it was left out
    source_tags   the IOB2 tags that the source tagger gave them
    output        the labelled back-translation, as it came
    output_tags   one IOB2 tag per word of it; empty where there is none, or its markers went wrong
    entities      the back-translation's entities in its order, words separated by spaces
    entity_types  the type of each
    matches       the word of the raw sentence, from 0, where each begins; -1 where it was not found or lost its place
    tags          one IOB2 tag per raw word; empty if dropped
    reason        why it was dropped: one of `tasks.translation.projection.project_entities.REASONS`, or a reason of
                  `marked_translation`; "" if kept
    metadata      language; labels; corpus: the raw sentences, such as sentences/3f2a...; kept: number of sentences;
                  dropped: number of sentences by reason
    """,
    pa.schema(
        [
            ID,
            WORDS,
            pa.field("forward", pa.string(), nullable=False),
            pa.field("source_words", STRINGS, nullable=False),
            pa.field("source_tags", STRINGS, nullable=False),
            pa.field("output", pa.string(), nullable=False),
            pa.field("output_tags", STRINGS, nullable=False),
            pa.field("entities", STRINGS, nullable=False),
            pa.field("entity_types", STRINGS, nullable=False),
            pa.field("matches", pa.list_(pa.int32()), nullable=False),
            TAGS,
            pa.field("reason", pa.string(), nullable=False),
        ]
    ),
    form=projection,
    text=column_file,
)
Projection = Annotated[Reference, PROJECTION]

_PLACES = pa.list_(pa.int32())

SPAN_TRANSLATION = Dataset(
    "span_translation",
    """What a translator made of sentences with placeholders for spans, and of the spans, before they are put together.

    sentence_id     joins the tagged sentences whose entities are the spans
    source          the text the translator got, a placeholder for each span; empty for a sentence without spans
    output          the text it gave back, as it is; empty if `source` is empty or too long
    spans           per span its text
    span_outputs    what the translator made of each alone
    inside          per span its sentence with that span between brackets; no element if spans are translated alone
    inside_outputs  what the translator made of these
    metadata        source_language; target_language; placeholder: the form of placeholders and brackets; corpus: the
                    tagged sentences, such as predictions/3f2a...
    """,
    pa.schema(
        [
            ID,
            pa.field("source", pa.string(), nullable=False),
            pa.field("output", pa.string(), nullable=False),
            pa.field("spans", STRINGS, nullable=False),
            pa.field("span_outputs", STRINGS, nullable=False),
            pa.field("inside", STRINGS, nullable=False),
            pa.field("inside_outputs", STRINGS, nullable=False),
        ]
    ),
)
SpanTranslation = Annotated[Reference, SPAN_TRANSLATION]

CONJUGATE_PAIRS = Dataset(
    "conjugate_pairs",
    """Sentences, their translations, and which spans of both translate each other (ConNER, 2.3).

    sentence_id        joins the sentences that were translated; of imported ones, their number from 0
    words              the sentence
    translation        the words of its translation, spans filled in; empty without one
    starts             per pair the first word of the span in `words`, from 0; -1 if it is not there
    ends               the word behind its last
    translated_starts  the same in `translation`; -1 where the pair was dropped
    translated_ends    likewise
    reasons            per pair why it was dropped, one of `tasks.translation.conjugate.reading.REASONS`; "" if kept
    metadata           language; translated_language; corpus: the sentences that were translated, such as
                       predictions/3f2a..., or import; sentences: how many have a pair; pairs: how many were kept;
                       dropped: number of pairs by reason
    """,
    pa.schema(
        [
            ID,
            WORDS,
            pa.field("translation", STRINGS, nullable=False),
            pa.field("starts", _PLACES, nullable=False),
            pa.field("ends", _PLACES, nullable=False),
            pa.field("translated_starts", _PLACES, nullable=False),
            pa.field("translated_ends", _PLACES, nullable=False),
            pa.field("reasons", STRINGS, nullable=False),
        ]
    ),
    form=conjugate_pairs,
)
ConjugatePairs = Annotated[Reference, CONJUGATE_PAIRS]
