"""Choose a training's epoch by gold labels: ConNER on the source's dev set, CoLaDa's and CROP's code on targets'."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artifacts.catalog import TAGGER, AnySentences, GoldOrLabelled, Tagger
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


@step(TAGGER)
def choose_epoch(
    job: Job,
    tagger: Tagger,
    sentences: AnySentences,
    gold: GoldOrLabelled,
    windows: WindowConfig,
    decoding: Decoding,
    inference: Inference,
) -> None:
    """The tagger after that epoch whose entity micro F1 on some sentences is highest; of equals the first.

    The manifest notes `f1`, of every epoch, and `epoch`, the one chosen, counted from 1.

    Raises:
        InputError: if the tagger's training did not keep its epochs, or gold labels are of other labels or sentences.
    """
    _choose(job, tagger, ((sentences, gold),), windows, decoding, inference)


@step(TAGGER)
def choose_common_epoch(
    job: Job,
    tagger: Tagger,
    sentences: tuple[AnySentences, ...],
    gold: tuple[GoldOrLabelled, ...],
    windows: WindowConfig,
    decoding: Decoding,
    inference: Inference,
) -> None:
    """As `choose_epoch`, by the mean of the F1 on several texts, each counting alike (CROP's published code)."""
    _choose(job, tagger, tuple(zip(sentences, gold, strict=True)), windows, decoding, inference)


@dataclass(frozen=True)
class _Text:
    """A text to judge by: its windows, [N] gold label ids, [M] words of each sentence."""

    cut: Windows
    gold: np.ndarray
    lengths: np.ndarray


def _choose(
    job: Job,
    tagger: Reference,
    pairs: Sequence[tuple[Reference, Reference]],
    windows: WindowConfig,
    decoding: Decoding,
    inference: Inference,
) -> None:
    """Writes the best epoch's tagger, judged on some sentences and their gold labels."""
    folder = job.folder(tagger)
    epochs = count_epochs(folder)
    head, model, tokenizer = open_tagger(folder)
    labels = head.labels(model)
    texts = []
    for sentences, gold in pairs:
        check_same_labels(job.metadata(gold)["labels"], labels, "gold", "the tagger")
        truth, text = job.table(gold), job.table(sentences, columns=["sentence_id", "words"])
        sentences_of_gold = which_sentences(truth, "tags")
        check_same_sentences(sentences_of_gold, which_sentences(text, "words"), "gold and sentences")
        cut = make_windows(tokenizer, text["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
        texts.append(_Text(cut, flat_label_ids(truth["tags"], labels, "gold"), sentences_of_gold.word_counts))
    f1 = []
    with job.progress("choosing an epoch", epochs, "epochs") as advance:
        for epoch in range(1, epochs + 1):
            set_epoch(model, folder, epoch)
            reached = []
            for each in texts:
                outputs = word_outputs(
                    head, model, each.cut, inference, device=job.device, budget=job.inference_subwords
                )
                found = head.decode(model, outputs, each.lengths, decoding)
                overall, *_ = entity_scores(each.gold, found, each.lengths, labels)
                reached.append(overall.f1)
            f1.append(sum(reached) / len(reached))
            advance(1)
    best = f1.index(max(f1)) + 1
    set_epoch(model, folder, best)
    save_tagger(model, tokenizer, job.output_folder)
    job.describe({"labels": list(labels)})
    job.note(f1=f1, epoch=best)
