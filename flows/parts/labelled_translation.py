"""Translate sentences by Theta_mt: plain ones, or with their labels between markers (CROP, 3.3-3.4)."""

from dataclasses import dataclass

from artifacts.reference import Reference
from flows.parts.translator import AnyTranslator, search_of
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_text import translate_text
from tasks.translation.marked.gather import gather_translations
from tasks.translation.marked.markers import Marking
from tasks.translation.marked.read_markers import MarkerReading, read_markers


@dataclass(frozen=True)
class LabelledTranslation:
    """Theta_mt, and how sentences are translated with it.

    forward is who translates into the source language, if each direction has its own checkpoint.
    """

    source_language: str
    theta_mt: AnyTranslator
    marking: Marking
    generation: Generation
    forward: AnyTranslator | None = None

    def there(self, sentences: Reference, language: str) -> Reference:
        """Forward translation: plain sentences of a target language into the source language."""
        translator = self.theta_mt if self.forward is None else self.forward
        search = search_of(translator, self.generation)
        return translate_text(sentences, translator, language, self.source_language, None, search)

    def back(self, labelled: Reference, language: str) -> Reference:
        """Labelled sequence translation: source sentences into a target language, entities between markers."""
        search = search_of(self.theta_mt, self.generation)
        return translate_text(labelled, self.theta_mt, self.source_language, language, self.marking, search)

    def labelled(self, data: Reference, language: str, reading: MarkerReading) -> Reference:
        """A labelled source corpus in a target language: what Translate-Train learns from (4.2)."""
        return gather_translations((read_markers(data, self.back(data, language), reading),))
