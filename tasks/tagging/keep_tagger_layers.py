"""A tagger of the bottom layers of another."""

from artifacts.catalog import TAGGER, Tagger
from artifacts.step import Job, step
from tasks.tagging.heads import LINEAR
from tasks.tagging.tagger import load_tagger, save_tagger
from tasks.training.freezing import cut_to_bottom


@step(TAGGER)
def keep_bottom_layers_of_tagger(job: Job, tagger: Tagger, layers: int) -> None:
    """Makes a tagger of the bottom layers of another and its linear head, which has to learn to stand on them.

    Raises:
        InputError: if the tagger has fewer layers, a type that cannot be cut, or another head.
    """
    model, tokenizer = load_tagger(job.folder(tagger), LINEAR)
    cut_to_bottom(model, layers)
    save_tagger(model, tokenizer, job.output_folder)
    job.describe({"labels": job.metadata(tagger)["labels"], "kept_layers": layers})
