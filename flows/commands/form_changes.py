"""What a form changes: settings as `crosstag run --set` takes them, so that both give the same run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artifacts.errors import InputError
from flows.commands.configuration import as_setting
from flows.commands.form import Form, TargetForm, form_of, shown
from flows.commands.methods import has_setting
from flows.parts.corpora import ParallelFiles

EXPERT = "-expert"


def changes(values: Mapping[str, Any], form: Form) -> tuple[list[str], list[str]]:
    """What a form changes of a configuration's values.

    A corpus whose path is another is read anew: other options of the file's entry belong to the old one.

    Returns:
        The settings, each `path.to.key=value` as `--set` takes it, those of the form's last field at the end; and a
        line for each option of the file that is given up.

    Raises:
        InputError: if the form asks for something that the method has not.
    """
    before, method, made = form_of(values, form.data_folder, form.device), values.get("method", ""), _Changes()
    made.value("source.language", before.source_language, form.source_language)
    made.corpus("source.train", values["source"]["train"], before.source_corpus, form.source_corpus)
    made.corpus("source.dev", values["source"].get("dev"), before.source_dev, form.source_dev)
    made.value("labels.types", list(before.types) or None, list(form.types) or None)
    if "targets" in values:
        _languages(made, values, before, form)
    else:
        _language(made, values, before, form)
    if form.encoder:
        made.value("encoder.checkpoint", before.encoder, form.encoder)
    made.value("seed", before.seed, form.seed)
    if form.iterations is not None and not has_setting(method, "iterations"):
        raise InputError(f"Iterations: {method} has none; leave the field empty")
    if form.iterations is not None:
        made.value("iterations", before.iterations, form.iterations)
    for setting in form.settings:
        if setting.partition("=")[0].partition(".")[0] in ("runtime", "config"):
            raise InputError(
                f"Other settings: {setting}: expected a key of the configuration's file; settings of the machine are "
                f"in the whole form, that of the deployment whose name ends with {EXPERT}"
            )
    return [*made.settings, *form.settings], made.given_up


class _Changes:
    """Settings, as they come together."""

    def __init__(self) -> None:
        self.settings: list[str] = []
        self.given_up: list[str] = []

    def value(self, key: str, old: Any, new: Any) -> None:
        if new != old:
            self.settings.append(as_setting(key, new))

    def corpus(self, key: str, entry: Mapping[str, Any] | None, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        if new == old:
            return
        self.settings.append(as_setting(key, self.read_anew(key, entry, new)))

    def read_anew(self, key: str, entry: Mapping[str, Any] | None, new: tuple[str, ...]) -> dict[str, Any] | None:
        """A corpus of other files than the entry's."""
        options = [f"{name}: {value}" for name, value in (entry or {}).items() if name != "path"] if new else []
        self.given_up += [f"{key}: the file's {', '.join(options)} belonged to another path"] if options else []
        return _corpus(new)


def _language(made: _Changes, values: Mapping[str, Any], before: Form, form: Form) -> None:
    """The target language of a method that takes one."""
    if len(form.targets) > 1:
        raise InputError(
            f"Target language: {values.get('method')} takes one, found {len(form.targets)}; remove the others, or use "
            "a configuration of CROP"
        )
    pairs = values.get("parallel", ())
    _target(made, "target", "parallel", values["target"], pairs, before.targets[0], form.targets[0])


def _languages(made: _Changes, values: Mapping[str, Any], before: Form, form: Form) -> None:
    """The target languages of a method that takes any number; a new one has what the form says, and no more."""
    entries = {target.language: entry for target, entry in zip(before.targets, values["targets"], strict=True)}
    old = {target.language: target for target in before.targets}
    if [target.language for target in before.targets] == [target.language for target in form.targets]:
        for number, target in enumerate(form.targets):
            key, said = f"targets.{number}", values["targets"][number]
            _target(made, key, f"{key}.parallel", said, said.get("parallel", ()), before.targets[number], target)
        return
    languages = []
    for number, target in enumerate(form.targets):
        entry = {**entries.get(target.language, {}), "language": target.language}
        had = old.get(target.language)
        if had is None or target.text != had.text:
            entry["text"] = made.read_anew(f"targets.{number}.text", entry.get("text"), target.text)
        if had is None or target.gold != had.gold:
            entry["text_gold"] = made.read_anew(f"targets.{number}.text_gold", entry.get("text_gold"), target.gold)
        if had is None or target.tests != had.tests:
            entry["tests"] = _tests(target.tests, entry)
        if had is None or target.parallel != had.parallel:
            entry["parallel"] = _parallel(target.parallel, entry.get("parallel", ()))
        languages.append(entry)
    made.value("targets", None, languages)


def _target(
    made: _Changes,
    key: str,
    parallel: str,
    entry: Mapping[str, Any],
    pairs: Sequence[Mapping[str, Any]],
    before: TargetForm,
    form: TargetForm,
) -> None:
    made.value(f"{key}.language", before.language, form.language)
    made.corpus(f"{key}.text", entry["text"], before.text, form.text)
    made.corpus(f"{key}.text_gold", entry.get("text_gold"), before.gold, form.gold)
    if form.tests != before.tests:
        made.value(f"{key}.tests", None, _tests(form.tests, entry))
    if form.parallel != before.parallel:
        made.value(parallel, None, _parallel(form.parallel, pairs))


def _corpus(paths: tuple[str, ...]) -> dict[str, Any] | None:
    return {"path": list(paths) if len(paths) > 1 else paths[0]} if paths else None


def _parallel(files: tuple[ParallelFiles, ...], pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parallel texts: those that the file has with all that it says of them, others by their paths."""
    known = {(pair["source"], pair["target"]): dict(pair) for pair in pairs}
    return [known.get((each.source, each.target), each.model_dump()) for each in files]


def _tests(paths: tuple[str, ...], entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Test sets: those that the file has with all that it says of them, others by their path."""
    known = {shown(test): test for test in entry.get("tests", ())}
    names = [Path(each).stem for each in paths] if len(paths) > 1 else ["test"]
    return [known.get(each, {"name": name, "path": each}) for name, each in zip(names, paths, strict=False)]
