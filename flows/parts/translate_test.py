"""The baseline translate-test: sentences are translated, tagged in the source language, and labels carried back."""

from dataclasses import dataclass
from functools import partial

from artifacts.reference import Reference
from flows.parts.aligned_labels import Reader, aligned_words, placed_along
from flows.parts.scoring import Scoring, Tag
from flows.parts.translation import Translating
from flows.parts.translator import search_of
from tasks.aligned.carry_back import carry_back
from tasks.aligned.keep_translated import keep_translated
from tasks.aligned.place_labels import Incomplete
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.read_plain import read_plain


@dataclass(frozen=True)
class TranslateTest:
    """How sentences of the target language are labelled by way of the source language."""

    translating: Translating
    reader: Reader

    def score(self, scoring: Scoring, tagger: str, tag: Tag) -> None:
        """Scores the baseline on every test set.

        Args:
            scoring: of the run.
            tagger: name of the one that learnt the source language alone.
            tag: gives its labels of sentences of the source language.
        """
        scoring.tagged(f"translate-test ({tagger})", None, partial(self._label, tag))

    def place(self, tag: Tag, sentences: Reference, incomplete: Incomplete) -> tuple[Reference, Reference]:
        """The translations that could be read, and the sentences with the labels of theirs.

        Args:
            tag: gives labels of sentences of the source language.
            sentences: of the target language.
            incomplete: what becomes of sentences in which an entity of the translation has no place.
        """
        choice, (source, target) = self.translating.choice, self.translating.languages
        translator, parallel = self.translating.translator((target, source)), self.translating.corpora.parallel
        output = translate_text(
            sentences, translator, target, source, None, search_of(translator, choice.marked.generation)
        )
        translated = read_plain(output, choice.marked.reading)
        there = keep_translated(sentences, translated)
        alignment = aligned_words(translated, there, parallel, choice.aligned, self.reader)
        placing = choice.aligned.placing.model_copy(update={"incomplete": incomplete})
        aligned = choice.aligned.model_copy(update={"placing": placing})
        return translated, placed_along(tag(translated), sentences, alignment, aligned, self.translating.ranker)

    def _label(self, tag: Tag, sentences: Reference) -> Reference:
        """A tag for each word; of O alone where there is no translation that can be read."""
        return carry_back(sentences, *self.place(tag, sentences, "keep"))
