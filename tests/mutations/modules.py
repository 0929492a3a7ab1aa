"""Which modules are mutated, and the tests that must notice: the fast ones, those that kill most first."""

_TASKS = "tests/tasks"
_TRAININGS = f"{_TASKS}/test_trainings_of_taggers.py"
_STUDENT = f"{_TASKS}/distillation/test_voted_student.py"
_STEPS = f"{_TASKS}/distillation/test_training_steps.py"
_CONSISTENT = f"{_TASKS}/distillation/test_consistent_training.py"
_SPAN_TRAINING = f"{_TASKS}/distillation/test_span_training.py"
_DENOISED = f"{_TASKS}/distillation/test_denoised_student.py"
_CORRECTED = f"{_TASKS}/denoising/test_corrections_of_pseudo_labels.py"
_PAIRS = f"{_TASKS}/translation/conjugate"
_METHODS = tuple(f"tests/flows/test_wiring_of_{name}.py" for name in ("colada", "unitrans", "crop", "corpora"))
_TRANSLATE_TEST = "tests/flows/test_wiring_of_translate_test.py"
_CARRIED = f"{_TASKS}/aligned/test_carry_back.py"
_CONNER, _GLODE = (f"tests/flows/test_wiring_of_{name}.py" for name in ("conner", "glode"))
_PANEL = "tests/flows/test_wiring_of_panel.py"
_OPINIONS = f"{_TASKS}/denoising/panel/test_panel_steps.py"

TESTS: dict[str, tuple[str, ...]] = {
    # Equations.
    "tasks/distillation/losses.py": (f"{_TASKS}/distillation/test_losses.py",),
    "tasks/distillation/voted_losses.py": (f"{_TASKS}/distillation/test_voted_losses.py",),
    "tasks/denoising/reliability.py": (f"{_TASKS}/denoising/test_reliability.py",),
    "tasks/words/hard_labels.py": (f"{_TASKS}/denoising/test_voting.py",),
    "tasks/denoising/voting.py": (f"{_TASKS}/denoising/test_voting.py", _STUDENT),
    "tasks/denoising/suspects.py": (f"{_TASKS}/denoising/test_suspects.py",),
    "tasks/denoising/settling.py": (f"{_TASKS}/denoising/test_settling.py",),
    "tasks/distillation/consistency_losses.py": (f"{_TASKS}/distillation/test_consistency_losses.py",),
    "tasks/distillation/span_probabilities.py": (f"{_TASKS}/distillation/test_span_probabilities.py",),
    "tasks/distillation/pair_agreement.py": (f"{_TASKS}/distillation/test_pair_agreement.py",),
    "tasks/tagging/crf.py": (f"{_TASKS}/tagging/test_crf.py",),
    "tasks/words/bioes.py": (f"{_TASKS}/words/test_bioes.py",),
    "tasks/denoising/spans/directions.py": (f"{_TASKS}/denoising/spans/test_directions.py",),
    "tasks/denoising/spans/neighbours.py": (f"{_TASKS}/denoising/spans/test_span_neighbours.py",),
    "tasks/denoising/spans/prototypes.py": (f"{_TASKS}/denoising/spans/test_prototypes.py",),
    "tasks/tagging/span_decoding.py": (f"{_TASKS}/tagging/test_span_decoding.py",),
    "tasks/tagging/span_grid.py": (f"{_TASKS}/tagging/test_span_grid.py",),
    "tasks/tagging/word_forms.py": (f"{_TASKS}/tagging/test_word_forms.py",),
    "tasks/denoising/panel/estimating.py": (f"{_TASKS}/denoising/panel/test_estimating.py", _OPINIONS),
    "tasks/denoising/panel/temperature.py": (f"{_TASKS}/denoising/panel/test_calibration.py",),
    # Batches and pairs.
    "tasks/distillation/paired_rows.py": (f"{_TASKS}/distillation/test_paired_rows.py",),
    "tasks/distillation/paired_windows.py": (_CONSISTENT,),
    "tasks/distillation/second_views.py": (f"{_TASKS}/distillation/test_second_views.py",),
    "tasks/distillation/sentence_stream.py": (f"{_TASKS}/distillation/test_second_views.py", _CONSISTENT),
    "tasks/translation/conjugate/find_pairs.py": (f"{_PAIRS}/test_conjugate_steps.py",),
    "tasks/translation/conjugate/import_pairs.py": (f"{_PAIRS}/test_import_pairs.py",),
    "tasks/translation/conjugate/placeholder_pairs.py": (f"{_PAIRS}/test_placeholder_pairs.py",),
    "tasks/translation/conjugate/placeholders.py": (f"{_PAIRS}/test_placeholders.py",),
    "tasks/translation/conjugate/reading.py": (f"{_PAIRS}/test_reading.py",),
    "tasks/translation/conjugate/translate_spans.py": (f"{_PAIRS}/test_conjugate_steps.py",),
    "tasks/aligned/carry_back.py": (_CARRIED,),
    "tasks/aligned/keep_translated.py": (_CARRIED,),
    "tasks/translation/marked/brackets.py": (f"{_TASKS}/translation/marked/test_brackets.py",),
    # Readers.
    "tasks/labelling/placed_words.py": (f"{_TASKS}/labelling/test_placed_words.py",),
    "tasks/labelling/reading.py": (f"{_TASKS}/labelling/test_reading_answers.py",),
    "tasks/corpus/exchange/word_spans.py": (f"{_TASKS}/corpus/test_word_spans.py",),
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
    "tasks/denoising/panel/average_by_word.py": (f"{_TASKS}/denoising/panel/test_average_by_word.py",),
    "tasks/denoising/panel/calibrate_teacher.py": (f"{_TASKS}/denoising/panel/test_calibration.py",),
    "tasks/denoising/panel/estimate_teachers.py": (_OPINIONS,),
    "tasks/denoising/panel/join_opinions.py": (_OPINIONS,),
    "tasks/denoising/panel/projected_opinion.py": (f"{_TASKS}/denoising/panel/test_projected_opinion.py",),
    "tasks/denoising/panel/tell_opinions.py": (_OPINIONS,),
    "tasks/denoising/panel/temper_labels.py": (f"{_TASKS}/denoising/panel/test_calibration.py",),
    "tasks/denoising/vote_labels.py": (_STUDENT,),
    "tasks/denoising/settle_labels.py": (f"{_TASKS}/denoising/test_settle_labels.py",),
    "tasks/denoising/correct_soft_labels.py": (_CORRECTED,),
    "tasks/denoising/correct_votes.py": (_CORRECTED,),
    "tasks/denoising/trust_corrections.py": (_CORRECTED,),
    "tasks/distillation/teaching.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_collaborator.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_student.py": (_TRAININGS, _STEPS),
    "tasks/distillation/train_voted_student.py": (_TRAININGS, _STUDENT),
    "tasks/tagging/crf_head.py": (f"{_TASKS}/tagging/test_crf_head.py", _CONSISTENT),
    "tasks/tagging/train_crf_tagger.py": (f"{_TASKS}/tagging/test_crf_head.py", _CONSISTENT),
    "tasks/distillation/train_consistent.py": (_CONNER, _CONSISTENT),
    "tasks/tagging/span_head.py": (f"{_TASKS}/tagging/test_span_head.py", _SPAN_TRAINING),
    "tasks/tagging/label_spans.py": (_SPAN_TRAINING,),
    "tasks/tagging/span_labels.py": (_SPAN_TRAINING, _DENOISED),
    "tasks/encoding/masked_text.py": (_SPAN_TRAINING,),
    "tasks/distillation/span_batches.py": (_SPAN_TRAINING, _DENOISED),
    "tasks/distillation/span_objective.py": (_SPAN_TRAINING, _DENOISED),
    "tasks/distillation/span_training.py": (_GLODE, _SPAN_TRAINING),
    "tasks/distillation/train_span_tagger.py": (_SPAN_TRAINING,),
    "tasks/denoising/spans/represent.py": (_DENOISED,),
    "tasks/denoising/spans/refinement.py": (_GLODE, _DENOISED),
    "tasks/denoising/spans/state.py": (_DENOISED,),
    "tasks/distillation/train_denoised_student.py": (_DENOISED,),
    "tasks/distillation/refined_labels.py": (_DENOISED,),
    "tasks/evaluation/choose_epoch.py": (f"{_TASKS}/evaluation/test_choose_epoch.py",),
    "tasks/evaluation/decode_spans.py": (_SPAN_TRAINING,),
    "tasks/evaluation/outcomes.py": (f"{_TASKS}/evaluation/test_outcomes.py",),
    "tasks/evaluation/entity_types.py": (f"{_TASKS}/evaluation/test_entity_types.py",),
    # Methods.
    "flows/colada.py": (_METHODS[0], _TRANSLATE_TEST),
    "flows/unitrans.py": (_METHODS[1], _TRANSLATE_TEST),
    "flows/crop.py": _METHODS[2:3],
    "flows/conner.py": (_CONNER,),
    "flows/glode.py": (_GLODE,),
    "flows/panel.py": (_PANEL,),
    "flows/parts/conjugate_pairs.py": (_CONNER,),
    "flows/parts/pair_agreement.py": ("tests/flows/parts/test_agreement_on_nothing.py",),
    "flows/parts/span_evidence.py": (_GLODE,),
    "flows/parts/encoder.py": _METHODS[3:],
    "flows/parts/ensemble.py": (_METHODS[1], _TRANSLATE_TEST),
    "flows/parts/epochs.py": (_METHODS[0], _CONNER),
    "flows/parts/labelled_translation.py": _METHODS[2:3],
    "flows/parts/learnt_translation.py": _METHODS[2:3],
    "flows/parts/panel_teachers.py": (_PANEL,),
    "flows/parts/panel_trust.py": (_PANEL,),
    "flows/parts/projection.py": _METHODS[2:3],
    "flows/parts/translate_test.py": (_TRANSLATE_TEST,),
    "flows/parts/translation.py": (_METHODS[3], _TRANSLATE_TEST),
    "flows/parts/translator.py": _METHODS[2:],
}

# What slower tests look at: checks of what the user gave, the flows themselves, tables for the terminal.
SKIPPED: dict[str, tuple[str, ...]] = {
    "flows/colada.py": ("check", "colada"),
    "flows/unitrans.py": ("check", "unitrans", "_vote_cells", "Unitrans._seeds_and_losses_suffice"),
    "flows/crop.py": ("check", "_check_translation", "crop", "Crop._languages_differ", "Crop.aligns"),
    "flows/conner.py": ("check", "conner", "Conner._something_is_left"),
    "flows/glode.py": ("check", "glode"),
    "flows/panel.py": ("check", "panel", "_teacher_cells"),
    "flows/parts/conjugate_pairs.py": ("check_pairs", "_cells"),
    "flows/parts/span_evidence.py": ("_score_cells", "_reach_cells"),
    "flows/parts/learnt_translation.py": ("_bleu_cells", "_marker_cells", "_pair_cells"),
    "flows/parts/projection.py": ("_kept_cells",),
    "flows/parts/translation.py": ("TranslationChoice._import_names_a_file",),
}
