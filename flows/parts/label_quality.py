"""How good the labels of raw text are against gold, where that is known (CROP, Figure 6)."""

from dataclasses import dataclass, field

from artifacts.reference import Reference
from artifacts.runtime import stage
from flows.parts.corpora import ScoredText, TargetText
from flows.parts.scoring import Scoring
from tasks.denoising.settling import Settling
from tasks.evaluation.label_quality import draw_label_quality
from tasks.evaluation.projected import score_projection, score_settled


@dataclass
class LabelQuality:
    """Scores labels of each language's raw text, over the sentences that got labels, and draws them at the end."""

    scoring: Scoring
    targets: tuple[TargetText, ...]
    found: list[tuple[str, str, Reference]] = field(default_factory=list)

    def projected(self, projections: tuple[Reference, ...]) -> None:
        """Projected labels."""
        scores = {}
        for target, projection in zip(self.targets, projections, strict=True):
            if target.gold is not None:
                name = _name("projected", target.gold)
                with stage(name):
                    scores[target] = score_projection(projection, target.gold.gold, name)
        self._remember("projected", projections[0], scores)

    def settled(self, projections: tuple[Reference, ...], taggings: tuple[Reference, ...], settling: Settling) -> None:
        """Labels settled between the projected ones and the multilingual tagger's."""
        scores = {}
        for target, projection, tagged in zip(self.targets, projections, taggings, strict=True):
            if target.gold is not None:
                name = _name("settled", target.gold)
                with stage(name):
                    scores[target] = score_settled(projection, tagged, target.gold.gold, settling, name)
        self._remember("settled", taggings[0], scores)

    def draw(self) -> tuple[Reference, ...]:
        """A bar for each language (Figure 6); nothing if no gold labels are known."""
        if not self.found:
            return ()
        languages, series, scores = zip(*self.found, strict=True)
        with stage("figures"):
            return (draw_label_quality(scores, languages, series),)

    def _remember(self, series: str, reference: Reference, scores: dict[TargetText, Reference]) -> None:
        if scores:
            by_text = {target.gold.name: found for target, found in scores.items() if target.gold is not None}
            self.scoring.add(f"{series} labels (sentences that have them)", reference, by_text)
        self.found += [(target.language, series, found) for target, found in scores.items()]


def _name(series: str, text: ScoredText) -> str:
    return f"{series} labels on {text.name}"
