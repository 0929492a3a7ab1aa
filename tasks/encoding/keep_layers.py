"""An encoder of the bottom layers of another: half as many layers take half the time."""

from pathlib import Path

from artifacts.catalog import ENCODER, Encoder
from artifacts.step import Job, step
from tasks.encoding.masked_head import MaskedHead, load_masked
from tasks.training.freezing import cut_to_bottom


def copy_bottom(source: Path, target: Path, layers: int) -> MaskedHead:
    """Saves the embeddings, the bottom layers and the masked-language head of an encoder, with its tokenizer.

    Args:
        source: folder of an encoder.
        target: where to save.
        layers: to keep.

    Returns:
        Where the masked-language head comes from.

    Raises:
        InputError: if the encoder has fewer layers, or its type has none that we know how to find or to cut.
    """
    from transformers import AutoTokenizer

    model, head, _ = load_masked(source, local_files_only=True)
    cut_to_bottom(model, layers)
    model.config._name_or_path = ""
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(target)
    return head


@step(ENCODER)
def keep_bottom_layers(job: Job, encoder: Encoder, layers: int) -> None:
    """Makes an encoder of the bottom layers of another."""
    head = copy_bottom(job.folder(encoder), job.output_folder, layers)
    job.describe({"masked_language_head": head, "kept_layers": layers})
