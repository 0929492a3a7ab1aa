"""Translate one side of held-out parallel text, to compare it with the other (CROP, Table 5)."""

from typing import Literal

import pyarrow as pa

from artifacts.catalog import MACHINE_TRANSLATION, AnyTranslator, Parallel
from artifacts.step import Job, step
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.external import ExternalTranslator
from tasks.translation.machine.translating import translate_all

Direction = Literal["forward", "backward"]


@step(MACHINE_TRANSLATION)
def translate_parallel(
    job: Job,
    parallel: Parallel,
    translator: AnyTranslator | ExternalTranslator,
    direction: Direction,
    generation: Generation,
) -> None:
    """Translates the source side (forward) or the target side (backward), as its lines stand in the file."""
    sides = ["source", "target"] if direction == "forward" else ["target", "source"]
    about = job.metadata(parallel)
    languages = (about[f"{sides[0]}_language"], about[f"{sides[1]}_language"])
    table = job.table(parallel, columns=["pair_id", sides[0]])
    texts = table[sides[0]].to_pylist()
    outputs = translate_all(job, texts, {}, translator, languages, generation)
    columns = [table["pair_id"].combine_chunks(), pa.array(texts), pa.array([outputs[text] for text in texts])]
    metadata = {"source_language": languages[0], "target_language": languages[1]}
    job.write(pa.Table.from_arrays(columns, schema=MACHINE_TRANSLATION.schema), metadata)
