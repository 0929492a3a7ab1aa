"""Choose a training's epoch by gold labels: ConNER on the source's dev set, CoLaDa's and CROP's code on targets'."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import EPOCH_SCORES, TAGGER, AnySentences, EpochScores, GoldOrLabelled, Tagger
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.evaluation.scores import entity_scores
from tasks.tagging.decoding import Decoding
from tasks.tagging.epochs import count_epochs, set_epoch
from tasks.tagging.inference import Inference, open_tagger, word_outputs
from tasks.tagging.tagger import save_tagger
from tasks.tagging.windows import WindowConfig, Windows, make_windows
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids


@step(EPOCH_SCORES)
def score_epochs(
    job: Job,
    tagger: Tagger,
    names: tuple[str, ...],
    sentences: tuple[AnySentences, ...],
    gold: tuple[GoldOrLabelled, ...],
    windows: WindowConfig,
    decoding: Decoding,
    inference: Inference,
) -> None:
    """Scores the tagger as it was after each epoch, on each of some texts.

    Raises:
        InputError: if the tagger's training did not keep its epochs, or gold labels are of other labels or sentences.
    """
    folder = job.folder(tagger)
    epochs = count_epochs(folder)
    head, model, tokenizer = open_tagger(folder)
    labels = head.labels(model)
    texts = [
        _text(job, name, words, truth, tokenizer, labels, windows)
        for name, words, truth in zip(names, sentences, gold, strict=True)
    ]

    def rows() -> Iterator[dict[str, object]]:
        with job.progress("scoring epochs", epochs, "epochs") as advance:
            for epoch in range(1, epochs + 1):
                set_epoch(model, folder, epoch)
                for text in texts:
                    outputs = word_outputs(
                        head, model, text.cut, inference, device=job.device, budget=job.inference_subwords
                    )
                    found = head.decode(model, outputs, text.lengths, decoding)
                    for each in entity_scores(text.gold, found, text.lengths, labels):
                        yield {"epoch": epoch, "text": text.name} | asdict(each)
                advance(1)

    table = pa.Table.from_pylist(list(rows()), schema=EPOCH_SCORES.schema)
    job.write(table, {"labels": list(labels), "epochs": epochs})


@step(TAGGER)
def choose_epoch(job: Job, tagger: Tagger, scores: EpochScores) -> None:
    """The tagger after that epoch whose entity micro F1 is highest; of equals the first.

    Of several texts the mean of their F1 decides, each counting alike (CROP's published code). The manifest notes `f1`,
    of every epoch, and `epoch`, the one chosen, counted from 1.

    Raises:
        InputError: if the tagger's training did not keep its epochs, or the scores are of another number of them.
    """
    folder, about = job.folder(tagger), job.metadata(scores)
    if (kept := count_epochs(folder)) != about["epochs"]:
        raise InputError(
            f"artifact {scores}: scores of {about['epochs']} epochs, but {tagger} keeps {kept}; score them"
        )
    overall = job.table(scores).filter(pa.compute.field("type") == "overall")
    f1 = overall["f1"].to_numpy().reshape(kept, -1).mean(axis=1).tolist()
    best = f1.index(max(f1)) + 1
    _, model, tokenizer = open_tagger(folder)
    set_epoch(model, folder, best)
    save_tagger(model, tokenizer, job.output_folder)
    job.describe({"labels": about["labels"]})
    job.note(f1=f1, epoch=best)


@dataclass(frozen=True)
class _Text:
    """A text to judge by: its name and windows, [N] gold label ids, [M] words of each sentence."""

    name: str
    cut: Windows
    gold: np.ndarray
    lengths: np.ndarray


def _text(
    job: Job,
    name: str,
    sentences: Reference,
    gold: Reference,
    tokenizer: object,
    labels: list[str],
    windows: WindowConfig,
) -> _Text:
    check_same_labels(job.metadata(gold)["labels"], labels, "gold", "the tagger")
    truth, text = job.table(gold), job.table(sentences, columns=["sentence_id", "words"])
    sentences_of_gold = which_sentences(truth, "tags")
    check_same_sentences(sentences_of_gold, which_sentences(text, "words"), "gold and sentences")
    cut = make_windows(tokenizer, text["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    return _Text(name, cut, flat_label_ids(truth["tags"], labels, "gold"), sentences_of_gold.word_counts)
