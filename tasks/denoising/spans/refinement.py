"""Global-local denoising: what moves pseudo-labels of spans at the end of each epoch (GLoDe, 3.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from artifacts.settings import Settings
from tasks.denoising.neighbours.product import Product
from tasks.denoising.neighbours.search import Search
from tasks.denoising.spans.directions import (
    DirectionRule,
    DirectionSum,
    beta_after,
    class_thresholds,
    directions,
    refined_labels,
    update_decisions,
)
from tasks.denoising.spans.neighbours import kept_spans, local_similarities, repository
from tasks.denoising.spans.represent import SpanVectors
from tasks.denoising.spans.state import DenoisingState, Text

Level = Literal["global", "local"]


class Denoising(Settings):
    """How pseudo-labels of spans are refined (3.2, 4.1)."""

    levels: Literal["both", "global", "local", "none"] = Field(
        "both",
        title="Levels",
        description="Which decisions move labels: of prototypes (global), of neighbours (local), both; none keeps the "
        "initial labels (rows 2 to 4 of Table 3).",
    )
    directions: DirectionRule = Field(
        "multiple",
        title="Directions",
        description="multiple: every class above its threshold (Eq. 8); top: the most similar class alone (row 5).",
    )
    direction_sum: DirectionSum = Field(
        "together",
        title="Sum of directions",
        description="together: both levels' directions are summed, then normalised (Eq. 10); each: each level's "
        "before, too (the published code).",
    )
    representations: Literal["epoch_end", "training"] = Field(
        "epoch_end",
        title="Representations",
        description="Of the repository, and of the spans whose labels are moved. epoch_end: all by the model as it is "
        "after the epoch, in a pass of their own, in the training's precision (3.2: D_z is updated at the end of each "
        "epoch); training: as the epoch's passes made them, each by the model of its update (the published code), "
        "which costs nothing.",
    )
    dimensions: int = Field(128, ge=2, title="Dimensions", description="Of the space that spans are compared in.")
    prototype_rate: float = Field(
        0.99, ge=0, lt=1, title="Prototype rate α", description="How much of a prototype a span leaves (Eq. 6), 0 to 1."
    )
    neighbours: int = Field(
        300, ge=1, title="Neighbours K", description="Of each target span (Eq. 9); all others in a smaller repository."
    )
    outside_share: float = Field(
        1.0,
        ge=0,
        le=1,
        title="Share of O spans",
        description="Of those that are no entity, in the repository of neighbours; all entities are. All of them (the "
        "paper says nothing of a share) make labels more precise, and cost time; the published code has 0.03.",
    )
    local_threshold_factor: float = Field(
        1.0, gt=0, title="Factor of local thresholds", description="Paper: 1; the published code has 0.9."
    )
    beta_first: float = Field(
        0.95,
        gt=0,
        le=1,
        title="First β",
        description="How much of a label stays (Eq. 11) after the first epoch, 0 to 1.",
    )
    beta_last: float = Field(0.80, gt=0, le=1, title="Last β", description="After the last epoch; uniform in between.")
    first_refinement: int = Field(
        1, ge=1, title="First refinement", description="Epoch after which labels are moved first. Published code: 2."
    )
    product: Product = Field(
        "float32", title="Product", description="Number format of the products that neighbours are found by."
    )

    @property
    def as_read(self) -> "Denoising":
        """The same denoising, with defaults where it does not read a setting."""
        some, near = self.levels != "none", self.levels in ("both", "local")
        read = dict.fromkeys(type(self).model_fields, some) | {"levels": True, "direction_sum": self.levels == "both"}
        return self.where_read(
            read | dict.fromkeys(("neighbours", "outside_share", "local_threshold_factor", "product"), near)
        )


@dataclass(frozen=True)
class Refinement:
    """What one refinement found and did.

    decisions   [S, K] float32 u
    thresholds  by level [K] float64, infinite for a class that no span has
    """

    decisions: np.ndarray
    thresholds: dict[Level, np.ndarray]


def refine(
    state: DenoisingState,
    vectors: Callable[[Text], SpanVectors],
    source_classes: np.ndarray,
    config: Denoising,
    beta: float,
    noise: np.random.Generator,
    device: str,
) -> Refinement:
    """Moves all pseudo-labels by what prototypes and neighbours say of them (Eq. 7-11).

    Args:
        state: labels and prototypes; the labels change.
        vectors: gives the representations of a text's spans.
        source_classes: [S_src] gold classes of the source's spans.
        config: the settings.
        beta: update rate.
        noise: draws the O spans of the repository.
        device: "cpu" or "cuda", for the search.
    """
    classes, count = state.classes(), state.labels.shape[1]
    target = vectors("target")
    similar: dict[Level, np.ndarray] = {}
    if config.levels in ("both", "global"):
        prototypes = state.prototypes.cpu().numpy()
        similar["global"] = np.concatenate([z @ prototypes.T for _, z in target.blocks()]).astype(np.float64)
    if config.levels in ("both", "local"):
        source = vectors("source")
        kept = tuple(kept_spans(each, config.outside_share, noise) for each in (source_classes, classes))
        bank = repository(source.blocks(), source_classes, target.blocks(), classes, kept)
        search = Search(product=config.product, device=device)
        similar["local"] = local_similarities(bank, target.blocks(), count, config.neighbours, search)
    factors = {"global": 1.0, "local": config.local_threshold_factor}
    thresholds = {level: factors[level] * class_thresholds(sims, classes) for level, sims in similar.items()}
    chosen = [directions(sims, thresholds[level], config.directions) for level, sims in similar.items()]
    decisions = update_decisions(chosen, config.direction_sum)
    decisions[state.fixed.numpy()] = 0  # Towards nothing: what a person said is not moved.
    state.labels.copy_(torch.from_numpy(refined_labels(state.labels.numpy(), decisions, beta)))
    return Refinement(decisions, thresholds)


def beta_of(config: Denoising, epoch: int, epochs: int) -> float:
    """Beta after an epoch, counted from 1."""
    return beta_after(epoch, epochs, config.beta_first, config.beta_last)
