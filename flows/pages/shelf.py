"""The manifests of a store, read once, and what follows from them: who made what of what, and of which text it is."""

from collections.abc import Iterator
from functools import lru_cache

from artifacts.catalog import catalogue
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.store import Store
from flows.parts.same_text import MODELS, content, text_of


class Shelf:
    """The manifests of a store. A run that goes on adds to them; a manifest once written changes only when dropped."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._read = lru_cache(maxsize=20_000)(self._from_disk)

    def manifests(self) -> dict[tuple[str, str], Manifest]:
        """All complete artifacts by kind and key; one whose manifest cannot be read is left out."""
        found = {}
        for kind in catalogue():
            for key, written in self.store.described(kind).items():
                if (manifest := self._read(kind, key, written)) is not None:
                    found[kind, key] = manifest
        return found

    def manifest(self, kind: str, key: str) -> Manifest | None:
        """One of them."""
        written = self.store.described_at(kind, key)
        return None if written is None else self._read(kind, key, written)

    def taken(self, reference: Reference) -> Manifest | None:
        """The manifest of what a run took; None if it is gone, or was made anew since, with other content."""
        found = self.manifest(reference.kind, reference.key)
        return found if found is not None and found.digest == reference.digest else None

    def by_content(self) -> dict[str, Manifest]:
        """The newest artifact of each content, `kind:digest`; one whose files are there before one that was dropped."""
        ordered = sorted(self.manifests().values(), key=lambda m: (not m.dropped, m.made, m.key))
        return {content(manifest): manifest for manifest in ordered}

    def text_of(self, manifest: Manifest, makers: dict[str, Manifest] | None = None) -> str:
        """The content of the sentences that a table is about, `kind:digest`; empty for one of no text.

        Two tables with the same text have the same sentences under the same ids.
        """
        return text_of(manifest, self.by_content() if makers is None else makers)

    def of_same_text(self, reference: Reference, kinds: tuple[str, ...]) -> list[Manifest]:
        """The other artifacts of some kinds about the same sentences, the newest first."""
        own = self.manifest(reference.kind, reference.key)
        makers = self.by_content()
        text = self.text_of(own, makers) if own is not None else ""
        if own is None or not text:
            return []
        others = [m for m in self.manifests().values() if m.kind in kinds and m.key != own.key and not m.dropped]
        return sorted((m for m in others if self.text_of(m, makers) == text), key=lambda m: m.made, reverse=True)

    def gold_of(self, text: str) -> list[Manifest]:
        """Gold labels that something about these sentences was measured by; the newest first."""
        makers = self.by_content()
        found: dict[str, Manifest] = {}
        for manifest in self.manifests().values():  # Of equal scores each, as gold labels differ.
            gold = manifest.recipe.inputs.get("gold", "")
            if gold in makers and gold not in found and makers[gold].kind in ("gold", "labelled"):
                others = [makers[each] for each in manifest.recipe.inputs.values() if each != gold and each in makers]
                if any(self.text_of(each, makers) == text for each in others if each.kind not in MODELS):
                    found[gold] = makers[gold]
        return sorted(found.values(), key=lambda m: m.made, reverse=True)

    def users(self, manifest: Manifest) -> list[Manifest]:
        """The artifacts that were made of this one's content, in the order in which they were made."""
        wanted = content(manifest)
        found = [m for m in self.manifests().values() if wanted in m.recipe.inputs.values()]
        return sorted(found, key=lambda m: m.made)

    def inputs(self, manifest: Manifest) -> Iterator[tuple[str, str, Manifest | None]]:
        """Of each input its parameter, its content, and who made it, if that is here."""
        makers = self.by_content()
        for name, each in manifest.recipe.inputs.items():
            yield name, each, makers.get(each)

    def _from_disk(self, kind: str, key: str, written: int) -> Manifest | None:
        return self.store.manifest(kind, key)


def reference_of(manifest: Manifest) -> Reference:
    """A reference to an artifact."""
    return Reference(kind=manifest.kind, key=manifest.key, digest=manifest.digest)
