"""Which modules are mutated, and the tests that must notice: the fast ones, those that kill most first."""

_TASKS = "tests/tasks"
_TRAININGS = f"{_TASKS}/test_trainings_of_taggers.py"
_STUDENT = f"{_TASKS}/distillation/test_voted_student.py"
_STEPS = f"{_TASKS}/distillation/test_training_steps.py"
_METHODS = tuple(f"tests/flows/test_wiring_of_{name}.py" for name in ("colada", "unitrans", "crop", "corpora"))

TESTS: dict[str, tuple[str, ...]] = {
    # Equations.
    "tasks/distillation/losses.py": (f"{_TASKS}/distillation/test_losses.py",),
    "tasks/distillation/voted_losses.py": (f"{_TASKS}/distillation/test_voted_losses.py",),
    "tasks/denoising/reliability.py": (f"{_TASKS}/denoising/test_reliability.py",),
    "tasks/denoising/voting.py": (f"{_TASKS}/denoising/test_voting.py", _STUDENT),
    "tasks/denoising/settling.py": (f"{_TASKS}/denoising/test_settling.py",),
    # Steps.
    "tasks/tagging/fitting.py": (f"{_TASKS}/tagging/test_fitting.py", _TRAININGS),
    "tasks/tagging/training_shell.py": (_TRAININGS, _STEPS),
    "tasks/tagging/train_tagger.py": (_TRAININGS, _STEPS),
    "tasks/tagging/heads.py": (f"{_TASKS}/tagging/test_fitting.py", _STEPS, f"{_TASKS}/tagging/test_heads.py"),
    "tasks/tagging/ensembling.py": (f"{_TASKS}/tagging/test_ensembling.py",),
    "tasks/denoising/score_reliability.py": (
        f"{_TASKS}/denoising/test_score_reliability.py",
        f"{_TASKS}/denoising/test_one_pass.py",
    ),
    "tasks/tagging/representations.py": (
        f"{_TASKS}/tagging/test_representations.py",
        f"{_TASKS}/denoising/test_one_pass.py",
    ),
    "tasks/denoising/vote_labels.py": (_STUDENT,),
    "tasks/denoising/settle_labels.py": (f"{_TASKS}/denoising/test_settle_labels.py",),
    "tasks/distillation/teaching.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_collaborator.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_student.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_voted_student.py": (_TRAININGS, _STUDENT),
    # Methods.
    "flows/colada.py": _METHODS[:1],
    "flows/unitrans.py": _METHODS[1:2],
    "flows/crop.py": _METHODS[2:3],
    "flows/parts/encoder.py": _METHODS[3:],
    "flows/parts/ensemble.py": _METHODS[1:2],
    "flows/parts/epochs.py": _METHODS[:1],
    "flows/parts/labelled_translation.py": _METHODS[2:3],
    "flows/parts/learnt_translation.py": _METHODS[2:3],
    "flows/parts/projection.py": _METHODS[2:3],
    "flows/parts/translation.py": _METHODS[3:],
    "flows/parts/translator.py": _METHODS[2:],
}

# What slower tests look at: checks of what the user gave, the flows themselves, tables for the terminal.
SKIPPED: dict[str, tuple[str, ...]] = {
    "flows/colada.py": ("check", "colada"),
    "flows/unitrans.py": ("check", "unitrans", "_vote_cells", "Unitrans._seeds_and_losses_suffice"),
    "flows/crop.py": ("check", "_check_translation", "crop", "Crop._languages_differ", "Crop.aligns"),
    "flows/parts/learnt_translation.py": ("_bleu_cells", "_marker_cells", "_pair_cells"),
    "flows/parts/projection.py": ("_kept_cells",),
    "flows/parts/translation.py": ("TranslationChoice._import_names_a_file",),
}
