"""Folders of files: models and pictures."""

from typing import Annotated

from artifacts.catalog.kinds import ModelKind
from artifacts.reference import Reference

ENCODER = ModelKind(
    "encoder",
    "A pretrained encoder: config.json, model.safetensors, tokenizer files; AutoModel, AutoModelForMaskedLM and "
    "AutoTokenizer load it. metadata: masked_language_head: pretrained; made (from the embeddings, as the checkpoint "
    "has none); none.",
)
Encoder = Annotated[Reference, ENCODER]

TAGGER = ModelKind(
    "tagger",
    "An encoder with a head (tasks/tagging/heads.py). A linear one, on the first sub-word, is what "
    "AutoModelForTokenClassification loads; config.json names another as crosstag_head (crf: loads, without the CRF). "
    "GLoDe's target model keeps its pseudo-labels after each epoch in labels/; refined_labels makes tables of them. "
    "metadata: labels.",
)
Tagger = Annotated[Reference, TAGGER]

STUDENT = ModelKind(
    "student",
    "The tagger to ship: as `tagger`, with a model card; transformers.pipeline loads a linear one, and of one with a "
    "CRF the emissions. metadata: labels.",
)
Student = Annotated[Reference, STUDENT]

TRANSLATOR = ModelKind(
    "translator",
    "A translator: config.json, model.safetensors, tokenizer files, and translator.json, which tells its family and "
    "languages; of translators of one pair each, a folder per direction. One that was trained here is an M2M100: "
    "M2M100ForConditionalGeneration and M2M100Tokenizer load it. Its metadata: languages; "
    "pairs: how many plain and marked ones it learnt from; left_out: how many it did not, by reason (plain_too_long, "
    "marked_too_long: a side has more than max_length_subwords).",
)
Translator = Annotated[Reference, TRANSLATOR]

CONVERTED_TRANSLATOR = ModelKind(
    "converted_translator",
    "A translator for ctranslate2: the folder ctranslate2 beside the tokenizer files, config.json and translator.json.",
)
AnyTranslator = Annotated[Reference, TRANSLATOR, CONVERTED_TRANSLATOR]

FIGURES = ModelKind("figures", "Pictures (PNG) of curves, bins and consistencies, each beside its data (CSV).")
Figures = Annotated[Reference, FIGURES]
