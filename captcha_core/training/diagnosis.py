"""When a training does not learn: remarks on the likely cause."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from captcha_core.models.decode import read
from captcha_core.spec.captcha import CaptchaSpec

ENOUGH_EPOCHS = 3  # before that a loss may still be about to fall
Kind = Literal[
    "guesses", "labels differ", "overfitting", "blank", "one answer", "shared texts", "missing characters", "one label"
]


@dataclass(frozen=True)
class Remark:
    """What looks wrong, for people; of each kind one is enough in a training."""

    kind: Kind
    text: str


def diagnose_history(head: str, spec: CaptchaSpec, history: Sequence[dict[str, float]]) -> list[Remark]:
    """Return what the losses of the finished epochs suggest, nothing while all goes well.

    Args:
        history: ``loss``, ``val_loss`` and ``val_exact_match`` of each epoch.
    """
    if len(history) < ENOUGH_EPOCHS:
        return []
    remarks = [_guesses(len(spec.alphabet), history[-1]["loss"]) if head == "positions" else None]
    if history[-1]["loss"] < 0.3 * history[0]["loss"]:
        remarks.append(_generalises_badly(history[-1]))
    return [remark for remark in remarks if remark is not None]


def _guesses(characters: int, loss: float) -> Remark | None:
    chance = math.log(characters)
    if abs(loss - chance) >= 0.1 * chance:
        return None
    return Remark(
        "guesses",
        f"The loss stands at {loss:.2f}, which is ln {characters}: the network guesses. Look whether labels belong to "
        "their pictures, and whether the learning rate is far too high or too low.",
    )


def _generalises_badly(last: dict[str, float]) -> Remark | None:
    """Compare the last epoch's losses of a network that fits its training set."""
    if last["val_exact_match"] < 0.05 and last["val_loss"] > 5 * max(last["loss"], 0.02):
        return Remark(
            "labels differ",
            "The training set is learnt and the validation set is not read at all: look whether the labels of both "
            "splits mean the same, and whether the splits hold the same kind of captcha.",
        )
    if last["val_loss"] > 10 * max(last["loss"], 0.01) and last["val_exact_match"] < 0.95:
        return Remark(
            "overfitting",
            f"The loss is {last['loss']:.3f} in training and {last['val_loss']:.3f} in validation: the training set is "
            "learnt by heart. More samples help most, then augmentation (--set augment=1) or a smaller network.",
        )
    return None


def diagnose_answers(head: str, spec: CaptchaSpec, logits: np.ndarray) -> list[Remark]:
    """Return what the answers to a validation set suggest."""
    if head == "ctc" and len(logits) and float((logits.argmax(axis=-1) == 0).mean()) > 0.999:
        text = (
            "CTC has collapsed: every step is read as blank. It usually starts by itself after some epochs; if not, "
            "use fewer time steps (options.width_poolings), a lower learning rate, or begin with shorter texts."
        )
        return [Remark("blank", text)]
    texts = read(head, logits, spec)
    if len(texts) >= 20 and len(set(texts)) == 1:
        text = f"Every captcha is read as {texts[0]!r}: the network does not see its input. Look at the pictures."
        return [Remark("one answer", text)]
    return []


def diagnose_labels(training: Iterable[str], validation: Iterable[str]) -> list[Remark]:
    """Return what the labels of a data set suggest before training begins."""
    trained, validated = list(training), list(validation)
    remarks = [_shared_texts(trained, validated), _missing_characters(trained, validated), _one_label(trained)]
    return [remark for remark in remarks if remark is not None]


def _shared_texts(trained: Sequence[str], validated: Sequence[str]) -> Remark | None:
    texts, shared = set(validated), set(trained) & set(validated)
    if not texts or len(set(trained)) == len(trained) or len(shared) <= 0.5 * len(texts):
        return None
    return Remark(
        "shared texts",
        f"{len(shared)} of the {len(texts)} texts of the validation set are in the training set, too: it cannot tell "
        "reading from knowing by heart. Split by text (--split-by text).",
    )


def _missing_characters(trained: Sequence[str], validated: Sequence[str]) -> Remark | None:
    missing = "".join(sorted(set("".join(validated)) - set("".join(trained))))
    text = f"The characters {missing!r} are never in the training set, so they cannot be learnt."
    return Remark("missing characters", text) if missing else None


def _one_label(trained: Sequence[str]) -> Remark | None:
    if len(trained) < 20:
        return None
    label, count = Counter(trained).most_common(1)[0]
    text = f"{count} of {len(trained)} training samples are labelled {label!r}: look at the labels."
    return Remark("one label", text) if count > 0.2 * len(trained) else None
