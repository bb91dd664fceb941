"""What a network takes over from a trained one: layers of the same shape, and the rows of the characters it knows."""

import unicodedata
from dataclasses import dataclass

import keras
import numpy as np

from captcha_core.errors import ModelError
from captcha_core.models.heads import head_characters
from captcha_core.spec.captcha import CaptchaSpec

UNKNOWN_SCALE = 0.5  # of a fresh row: a character that the donor never saw must not drown out those that it did

# characters drawn like one of the Latin alphabet: where a reader of that one is to begin
LOOK_ALIKE = dict(
    zip(
        "абвгдзиклмнопрстхчьеёіАБВГЗИКМНОПРСТХЧЕЁІЬαικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ×÷−",
        "a6Brg3ukJMHOnpcTx4beeiA6Br3NKMHOnPCTX4EEIbaikvoptuxwABEZHIKMNOPTYXx/-",
        strict=True,
    )
)


@dataclass(frozen=True)
class Donor:
    """A trained network that others begin from, and what it reads."""

    model: keras.Model
    spec: CaptchaSpec


def take_over(model: keras.Model, spec: CaptchaSpec, donor: Donor) -> None:
    """Copy the weights of a trained network of the same kind into a network of another specification.

    Layers are matched by their order and taken where their shapes agree. Of the last layer of a network that reads
    with CTC each character takes its own row, one that the donor does not know that of one that looks like it.

    Raises:
        ModelError: If less than half of the donor's layers fit.
    """
    taken = 0
    takers = [layer for layer in model.layers if layer.weights]
    givers = [layer for layer in donor.model.layers if layer.weights]
    for taker, giver in zip(takers, givers, strict=False):
        mine, theirs = taker.get_weights(), giver.get_weights()
        if _is_head(taker, spec) and _is_head(giver, donor.spec) and len(mine[0]) == len(theirs[0]):
            taker.set_weights(_rows(mine, spec, theirs, donor.spec))
        elif [w.shape for w in mine] == [w.shape for w in theirs]:
            taker.set_weights(theirs)
        else:
            continue
        taken += 1
    if 2 * taken < len(takers):
        raise ModelError(
            f"expected a model to start from whose network is like {model.name}, received one of {donor.model.name} of "
            f"which {taken} of {len(takers)} layers fit; name its --network and its options, or another model."
        )


def _is_head(layer: keras.layers.Layer, spec: CaptchaSpec) -> bool:
    """Return whether a layer has a row for each character of a specification, with or without other cases."""
    rows = {spec.charset.classes, 1 + len(head_characters(spec))}
    return layer.name == "logits" and isinstance(layer, keras.layers.Dense) and layer.units in rows


def _rows(
    mine: list[np.ndarray], spec: CaptchaSpec, theirs: list[np.ndarray], donor_spec: CaptchaSpec
) -> list[np.ndarray]:
    """Return kernel (C, K + 1) and bias (K + 1,) with the rows of the donor's characters in their new places."""
    kernel, bias = mine[0] * UNKNOWN_SCALE, np.full_like(mine[1], theirs[1][1:].mean())
    place = {character: row for row, character in reversed([*enumerate(head_characters(donor_spec), start=1)])}
    for row, character in enumerate(["", *head_characters(spec)][: len(bias)]):
        found = 0 if not character else _place_of(character, place)
        if found is not None and found < len(theirs[1]):
            kernel[:, row], bias[row] = theirs[0][:, found], theirs[1][found]
    return [kernel, bias]


def _place_of(character: str, place: dict[str, int]) -> int | None:
    """Return the row of a character, of its plain form, of one that looks like it, or of its other case."""
    plain = unicodedata.normalize("NFKC", character)
    for candidate in (character, plain, LOOK_ALIKE.get(plain, ""), plain.swapcase()):
        if candidate in place:
            return place[candidate]
    return None
