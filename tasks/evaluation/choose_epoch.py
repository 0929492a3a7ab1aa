"""Choose the epoch of a training by gold labels: ConNER on the source's dev set, CoLaDa's code on the target's."""

from artifacts.catalog import TAGGER, AnySentences, GoldOrLabelled, Tagger
from artifacts.step import Job, step
from tasks.evaluation.scores import entity_scores
from tasks.tagging.decoding import Decoding
from tasks.tagging.epochs import count_epochs, set_epoch
from tasks.tagging.inference import Inference, open_tagger, word_outputs
from tasks.tagging.tagger import save_tagger
from tasks.tagging.windows import WindowConfig, make_windows
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
    folder = job.folder(tagger)
    epochs = count_epochs(folder)
    head, model, tokenizer = open_tagger(folder)
    labels = head.labels(model)
    check_same_labels(job.metadata(gold)["labels"], labels, "gold", "the tagger")
    truth, text = job.table(gold), job.table(sentences, columns=["sentence_id", "words"])
    sentences_of_gold = which_sentences(truth, "tags")
    check_same_sentences(sentences_of_gold, which_sentences(text, "words"), "gold and sentences")
    lengths = sentences_of_gold.word_counts
    gold_ids = flat_label_ids(truth["tags"], labels, "gold")
    cut = make_windows(tokenizer, text["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    f1 = []
    with job.progress("choosing an epoch", epochs, "epochs") as advance:
        for epoch in range(1, epochs + 1):
            set_epoch(model, folder, epoch)
            outputs = word_outputs(head, model, cut, inference, device=job.device, budget=job.inference_subwords)
            overall, *_ = entity_scores(gold_ids, head.decode(model, outputs, lengths, decoding), lengths, labels)
            f1.append(overall.f1)
            advance(1)
    best = f1.index(max(f1)) + 1
    set_epoch(model, folder, best)
    save_tagger(model, tokenizer, job.output_folder)
    job.describe({"labels": list(labels)})
    job.note(f1=f1, epoch=best)
