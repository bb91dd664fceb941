"""When a training does not learn: the likely cause, in words."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from captcha_core.models.decode import read
from captcha_core.spec.captcha import CaptchaSpec

ENOUGH_EPOCHS = 3  # before that a loss may still be about to fall


def diagnose_history(head: str, spec: CaptchaSpec, history: Sequence[dict[str, float]]) -> list[str]:
    """Return what the losses of the finished epochs suggest, nothing while all goes well.

    Args:
        head: ``positions`` or ``ctc``.
        spec: What is read.
        history: ``loss``, ``val_loss`` and ``val_exact_match`` of each epoch.
    """
    if len(history) < ENOUGH_EPOCHS:
        return []
    last = history[-1]
    found = []
    chance = math.log(len(spec.alphabet))
    if head == "positions" and abs(last["loss"] - chance) < 0.1 * chance:
        found.append(
            f"The loss stands at {last['loss']:.2f}, which is ln {len(spec.alphabet)}: the network guesses. Look "
            "whether labels belong to their pictures, and whether the learning rate is far too high or too low."
        )
    fits = last["loss"] < 0.3 * history[0]["loss"]
    if fits and last["val_exact_match"] < 0.05 and last["val_loss"] > 5 * max(last["loss"], 0.02):
        found.append(
            "The training set is learnt and the validation set is not read at all: look whether the labels of both "
            "splits mean the same, and whether the splits hold the same kind of captcha."
        )
    elif fits and last["val_loss"] > 10 * max(last["loss"], 0.01) and last["val_exact_match"] < 0.95:
        found.append(
            f"The loss is {last['loss']:.3f} in training and {last['val_loss']:.3f} in validation: the training set is "
            "learnt by heart. More samples help most, then augmentation (--set augment=1) or a smaller network."
        )
    return found


def diagnose_answers(head: str, spec: CaptchaSpec, logits: np.ndarray) -> list[str]:
    """Return what the answers to a validation set suggest.

    Args:
        head: ``positions`` or ``ctc``.
        spec: What is read.
        logits: (B, T, K + 1).
    """
    if head == "ctc" and len(logits) and float((logits.argmax(axis=-1) == 0).mean()) > 0.999:
        return [
            "CTC has collapsed: every step is read as blank. It usually starts by itself after some epochs; if not, "
            "use fewer time steps (options.width_poolings), a lower learning rate, or begin with shorter texts."
        ]
    texts = read(head, logits, spec)
    if len(texts) >= 20 and len(set(texts)) == 1:
        return [f"Every captcha is read as {texts[0]!r}: the network does not see its input. Look at the pictures."]
    return []


def diagnose_labels(training: Iterable[str], validation: Iterable[str]) -> list[str]:
    """Return what the labels of a data set suggest before training begins."""
    mine, theirs = list(training), list(validation)
    found = []
    shared = set(mine) & set(theirs)
    if theirs and len(set(mine)) < len(mine) and len(shared) > 0.5 * len(set(theirs)):
        found.append(
            f"{len(shared)} of the {len(set(theirs))} texts of the validation set are in the training set, too: it "
            "cannot tell reading from knowing by heart. Split by text (--split-by text)."
        )
    missing = sorted(set("".join(theirs)) - set("".join(mine)))
    if missing:
        found.append(f"The characters {''.join(missing)!r} are never in the training set, so they cannot be learnt.")
    if mine:
        text, count = Counter(mine).most_common(1)[0]
        if count > 0.2 * len(mine) and len(mine) >= 20:
            found.append(f"{count} of {len(mine)} training samples are labelled {text!r}: look at the labels.")
    return found
