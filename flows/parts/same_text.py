"""Of which sentences a table is: two tables with the same text have the same sentences under the same ids."""

from collections.abc import Mapping

from artifacts.manifest import Manifest

TEXTS = ("sentences", "labelled", "translation", "training_set")
"""Kinds of tables that have sentences of their own."""

MODELS = ("tagger", "student", "encoder", "translator", "converted_translator")


def content(manifest: Manifest) -> str:
    """How recipes name an artifact: kind and digest."""
    return f"{manifest.kind}:{manifest.digest}"


def text_of(manifest: Manifest, makers: Mapping[str, Manifest]) -> str:
    """The content of the sentences that a table is about, `kind:digest`; empty for one of no text.

    The nearest text on the way back through its recipe counts: labels of a translation are of the translation, not of
    the corpora that it was made with.

    Args:
        manifest: of the table.
        makers: an artifact of each content.
    """
    level, seen = [manifest], {content(manifest)}
    if manifest.kind in TEXTS:
        return content(manifest)
    while level:
        below = dict.fromkeys(name for each in level for name in each.recipe.inputs.values())
        wanted = [name for name in below if name not in seen and name.partition(":")[0] not in MODELS]
        if (text := next((name for name in wanted if name.partition(":")[0] in TEXTS), None)) is not None:
            return text
        seen.update(wanted)
        level = [makers[name] for name in wanted if name in makers]
    return ""
