"""Held-out parallel text is translated as it stands in the file, in either direction."""

from collections.abc import Callable
from pathlib import Path

from artifacts.catalog import PARALLEL, TRANSLATOR
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.converting import convert_translator
from tasks.translation.machine.engines import Generation
from tasks.translation.machine.translate_parallel import translate_parallel

TEXT = {"pair_id": [5, 6, 7], "source": ["Anna lives .", "", "Anna lives ."], "target": ["koop  zi", "bod", "Mona"]}
GENERATION = Generation(max_length_factor=1.0, beam_size=1, precision="float32")


def test_both_sides_can_be_translated(
    store: Store, put_table: Callable[..., Reference], put_model: Callable[..., Reference], tiny_translator: Path
) -> None:
    parallel = put_table(PARALLEL, TEXT, {"source_language": "en", "target_language": "de"})
    translator = run_alone(store, convert_translator, put_model(TRANSLATOR, tiny_translator))
    there = run_alone(store, translate_parallel, parallel, translator, "forward", GENERATION)
    back = run_alone(store, translate_parallel, parallel, translator, "backward", GENERATION)
    assert store.metadata(there) == {"source_language": "en", "target_language": "de"}
    assert store.metadata(back) == {"source_language": "de", "target_language": "en"}
    for made, side in ((there, "source"), (back, "target")):
        table = store.table(made)
        assert table["sentence_id"].to_pylist() == [5, 6, 7]
        assert table["source"].to_pylist() == TEXT[side]
    first, empty, again = store.table(there)["output"].to_pylist()
    assert first == again != "" and empty == ""
