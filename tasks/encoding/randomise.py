"""An encoder of another's shape, with random weights: what pretraining is worth is the difference (CROP, Table 4)."""

from pathlib import Path

from artifacts.catalog import ENCODER, Encoder
from artifacts.step import Job, step


def copy_shape(source: Path, target: Path, seed: int) -> None:
    """Saves an encoder with the configuration and the tokenizer of `source`, its weights drawn anew.

    Each kind of weight is drawn as its own library does before pretraining. What the tokenizer learnt, the vocabulary,
    is kept. A masked-language head is not: nobody trains a random one further.

    Args:
        source: folder of an encoder.
        target: where to save.
        seed: of the draws.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    config = AutoConfig.from_pretrained(source, local_files_only=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModel.from_config(config, dtype=torch.float32)
    model.config._name_or_path = ""
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(target)


@step(ENCODER)
def randomise_encoder(job: Job, encoder: Encoder, seed: int) -> None:
    """Makes an encoder of the same shape that has learnt nothing."""
    copy_shape(job.folder(encoder), job.output_folder, seed)
    job.describe({"masked_language_head": "none"})
