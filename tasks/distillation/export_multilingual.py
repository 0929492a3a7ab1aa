"""Ship a tagger of several languages: as `export_student` does, with every language in the card's header."""

import yaml

from artifacts.catalog import STUDENT, Scores, Tagger
from artifacts.step import Job, step
from tasks.distillation.export_student import StudentCard, model_card
from tasks.tagging.tagger import load_tagger, save_tagger, tagger_labels, usable_positions

_FENCE = "---\n"


def with_languages(text: str, languages: tuple[str, ...]) -> str:
    """The card with these languages in its header, one code each, as the hub and `crosstag predict` read them.

    Args:
        text: a model card that begins with a YAML header between two lines of `---`.
        languages: their codes.
    """
    before, header, body = text.split(_FENCE, 2)
    front = {**yaml.safe_load(header), "language": list(languages)}
    return _FENCE.join((before, yaml.safe_dump(front, sort_keys=False, allow_unicode=True), body))


@step(STUDENT)
def export_multilingual_student(
    job: Job, tagger: Tagger, scores: tuple[Scores, ...], card: StudentCard, languages: tuple[str, ...]
) -> None:
    """Saves the student for transformers.pipeline, with a model card that names all its languages."""
    model, tokenizer = load_tagger(job.folder(tagger))
    labels = tagger_labels(model)
    if (positions := usable_positions(model.config)) is not None:
        tokenizer.model_max_length = positions
    save_tagger(model, tokenizer, job.output_folder)
    tables = [(job.metadata(each)["name"], job.table(each).to_pylist()) for each in scores]
    text = with_languages(model_card(card, labels, tables), languages)
    (job.output_folder / "README.md").write_text(text, encoding="utf-8")
    job.describe({"labels": labels})
