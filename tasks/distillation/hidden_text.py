"""Masked text: sub-words that a tagger finds again beside its labels (GLoDe, Eq. 2)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from artifacts.catalog import Encoder
from artifacts.errors import InputError
from artifacts.step import Job
from tasks.encoding.masked_text import MaskedLanguageHead, masked_places
from tasks.tagging.fitting import LossMean
from tasks.tagging.heads import Batch
from tasks.tagging.subwords import space_ids
from tasks.tagging.windows import Windows

_MASKED = "masked"


@dataclass(frozen=True)
class MaskedText:
    """A text to hide sub-words of.

    windows  of its sentences
    special  [V] bool: sub-words that are never hidden
    mask     id of [MASK]
    """

    windows: Windows
    special: torch.Tensor
    mask: int

    @classmethod
    def of(cls, windows: Windows, tokenizer: Any, vocabulary: int) -> "MaskedText":
        """What a tokenizer says of special sub-words; its unknown one stands for text, and may be hidden.

        A space alone (XLM-R's ▁) is never hidden, as in the published code: what is behind it tells that it was there.

        A vocabulary without [MASK] has the unknown sub-word in its place, which then is never hidden itself.

        Raises:
            InputError: if it has neither.
        """
        mask = tokenizer.unk_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id
        if mask is None:
            raise InputError(
                "masked text: the encoder's tokenizer has neither a mask token nor an unknown one, by which sub-words "
                "could be hidden; set mlm_weight to 0"
            )
        special = torch.zeros(vocabulary, dtype=torch.bool)
        special[[i for i in tokenizer.all_special_ids if i != tokenizer.unk_token_id and i < vocabulary]] = True
        special[[mask, *space_ids(tokenizer)]] = True
        return cls(windows, special, int(mask))


class Hidden(NamedTuple):
    """Windows with hidden sub-words.

    ids     [B, L] what is left to see
    mask    [B, L] 1 where there is a sub-word
    places  `masked_rows` and `masked_positions`, [m] where sub-words are hidden; `hidden_ids`, [m] what they were;
            `masked_share`, [m] of each in the loss
    """

    ids: torch.Tensor
    mask: torch.Tensor
    places: dict[str, torch.Tensor]


def hidden_shares(windows: Windows, rate: float, loss_mean: LossMean, of: np.ndarray | None = None) -> np.ndarray:
    """[W] share of a hidden sub-word of each window in the loss of that window.

    1 / |X'| (Eq. 2), special sub-words left out; or, with a mean over words, 1 over the hidden sub-words that a window
    has on average, which lets every hidden sub-word weigh the same.

    Args:
        windows: of the text.
        rate: r_m, share of sub-words that are hidden.
        loss_mean: what weighs the same, a window or a hidden sub-word.
        of: [W] bool, the windows that are hidden at all; None: all.
    """
    subwords = windows.ends - windows.starts
    if loss_mean == "word":
        subwords = np.full(len(subwords), rate * subwords[slice(None) if of is None else of].mean())
    return (1 / subwords).astype(np.float32)


def hide_subwords(
    text: MaskedText, chosen: np.ndarray, rate: float, shares: np.ndarray, noise: torch.Generator
) -> Hidden:
    """Hides sub-words of some windows.

    Args:
        text: whose windows they are.
        chosen: [B] window numbers.
        rate: r_m, share of sub-words that are hidden.
        shares: [W] of a hidden sub-word of each window of the text, see `hidden_shares`.
        noise: where the draws come from.
    """
    ids, mask = map(torch.from_numpy, text.windows.inputs(chosen))
    hidden = masked_places(ids, text.special, rate, noise)
    rows, positions = hidden.nonzero(as_tuple=True)
    share = torch.from_numpy(shares[chosen])[rows]
    places = {"masked_rows": rows, "masked_positions": positions, "hidden_ids": ids[hidden], "masked_share": share}
    return Hidden(ids.masked_fill(hidden, text.mask), mask, places)


def masked_loss(model: Any, last_hidden_state: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Sum over the windows of a pass of - 1/|X'| sum of log p(hidden sub-word) (Eq. 2).

    Args:
        model: with the head that `add_masked_head` gives it.
        last_hidden_state: [B, L, H] of the encoder.
        batch: with the places of `Hidden`.
    """
    states = last_hidden_state[batch["masked_rows"], batch["masked_positions"]]
    losses = cross_entropy(model.masked(states), batch["hidden_ids"], reduction="none")
    return (losses * batch["masked_share"]).sum()


def hidden_text(job: Job, model: Any, tokenizer: Any, encoder: Encoder, windows: Windows) -> MaskedText:
    """A text whose sub-words a tagger learns to find beside its labels; notes by what they are hidden."""
    add_masked_head(job, model, encoder)
    text = MaskedText.of(windows, tokenizer, model.config.vocab_size)
    job.note(masked_by=tokenizer.convert_ids_to_tokens(text.mask))
    return text


def add_masked_head(job: Job, model: Any, encoder: Encoder) -> None:
    """Puts an encoder's masked-language head beside a tagger's own, to be trained with it and not to be saved."""
    head = MaskedLanguageHead(job.folder(encoder), model.base_model)
    setattr(model, _MASKED, head)
    model._keys_to_ignore_on_save = {f"{_MASKED}.{name}" for name in head.state_dict()}
    # An imported encoder has a head in any case; its metadata says whether it was made.
    job.note(masked_language_head=job.metadata(encoder).get("masked_language_head", head.origin))
