"""Masked language modelling beside another task, on one encoder (GLoDe, Eq. 2)."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from artifacts.errors import InputError
from tasks.encoding.masked_head import MaskedHead, load_masked


class _Given(nn.Module):
    """Stands where a masked language model has its encoder: the states are there already."""

    def forward(self, *args: Any, inputs_embeds: torch.Tensor, **kwargs: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

        return BaseModelOutputWithPoolingAndCrossAttentions(last_hidden_state=inputs_embeds)


class MaskedLanguageHead(nn.Module):
    """The masked-language head of an encoder, over states that somebody else's copy of the encoder has made.

    Scores are computed for the states that are given, so a vocabulary of 250,000 is scored where something is hidden
    and nowhere else.
    """

    def __init__(self, folder: Path, encoder: Any) -> None:
        """Takes the head of a checkpoint, tied to the input embeddings of `encoder` if it is tied to its own.

        Args:
            folder: of the encoder's checkpoint.
            encoder: the copy that is trained.

        Raises:
            InputError: if the architecture has no masked-language head.
        """
        super().__init__()
        self.model, origin, _ = load_masked(folder, local_files_only=True, trust_remote_code=False)
        self.origin: MaskedHead = origin
        if origin == "none":
            kind = self.model.config.model_type
            raise InputError(
                f"encoder {folder.name}: a {kind} has no masked-language head; set mlm_weight to 0, or choose another"
            )
        setattr(self.model, self.model.base_model_prefix, _Given())
        if self.model.config.tie_word_embeddings:
            self.model.get_output_embeddings().weight = encoder.get_input_embeddings().weight

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[m, V] float32 scores over the vocabulary of states [m, H]."""
        scores: torch.Tensor = self.model(inputs_embeds=states[None]).logits[0].float()
        return scores


def masked_places(ids: torch.Tensor, special: torch.Tensor, rate: float, noise: torch.Generator) -> torch.Tensor:
    """Which sub-words to hide: each with probability `rate`, special ones and padding never (GLoDe, 3.1).

    Args:
        ids: [B, L].
        special: [V] bool, sub-words that are never hidden.
        rate: r_m.
        noise: where the draws come from.

    Returns:
        [B, L] bool.
    """
    return (torch.rand(ids.shape, generator=noise) < rate) & ~special[ids]
