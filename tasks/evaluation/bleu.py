"""BLEU of translated held-out text, by sacrebleu (CROP, Table 5).

The paper's spBLEU splits text with the sub-words of FLORES, which sacrebleu downloads at use. Here text is split by
sacrebleu's own rules, which come with it: 13a, for Chinese `zh`, for Japanese and Thai by character. So our numbers
compare with each other, and with what others report by these rules, but not with the paper's.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from artifacts.catalog import BLEU, MachineTranslation, Parallel
from artifacts.errors import InputError
from artifacts.step import Job, step

_TOKENISERS = {"zh": "zh", "ja": "char", "th": "char"}


def corpus_bleu(outputs: Sequence[str], references: Sequence[str], language: str) -> tuple[dict[str, Any], str]:
    """A row of `BLEU`, and sacrebleu's signature.

    Args:
        outputs: translations.
        references: as many, what they should be.
        language: of both.
    """
    from sacrebleu.metrics import BLEU as Metric

    metric = Metric(tokenize=_TOKENISERS.get(language.lower().split("-")[0].split("_")[0], "13a"))
    score = metric.corpus_score(list(outputs), [list(references)])
    row = {
        "bleu": score.score,
        "brevity_penalty": score.bp,
        "output_words": score.sys_len,
        "reference_words": score.ref_len,
        "sentences": len(outputs),
    }
    return row, str(metric.get_signature())


@step(BLEU)
def score_bleu(job: Job, translation: MachineTranslation, parallel: Parallel) -> None:
    """Compares the translation of one side of parallel text with the other side."""
    about, said = job.metadata(translation), job.metadata(parallel)
    languages = {name: about[name] for name in ("source_language", "target_language")}
    sides = {said[f"{side}_language"]: side for side in ("source", "target")}
    table, truth = job.table(translation), job.table(parallel)
    same = table["sentence_id"].to_pylist() == truth["pair_id"].to_pylist()
    if set(sides) != set(languages.values()) or not same:
        raise InputError(
            f"BLEU: {translation} from {languages['source_language']} to {languages['target_language']} with "
            f"{table.num_rows:,} sentences is not that of {parallel}, {' and '.join(sides)} with {truth.num_rows:,}; "
            "translate a side of this text"
        )
    if not table.num_rows:
        raise InputError(f"BLEU: {parallel} has no sentence; expected some; give another file to translation_tests")
    references = truth[sides[languages["target_language"]]].to_pylist()
    row, signature = corpus_bleu(table["output"].to_pylist(), references, languages["target_language"])
    job.write(pa.Table.from_pylist([row], schema=BLEU.schema), metadata={**languages, "signature": signature})
