"""A look at every picture or clip of a data set: damaged, blank, its size, and what twins are found by."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.audit.finding import Finding, Kind, Place
from captcha_core.audit.twins import find_twins, groups, signature
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import decode_image
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

BLANK_LEVELS = 10  # from the darkest to the lightest pixel, of 255
ODD_SHARE = 0.05  # of all captchas: a size that fewer have is odd
FAR = 2.0  # times shorter or longer than usual: clips of one site differ by less


@dataclass(frozen=True)
class Look:
    """What was seen of one captcha: a picture's size as words or a clip's seconds, a fault, and its signature."""

    place: Place
    size: str = ""
    fault: Kind | None = None
    reason: str = ""
    signature: np.ndarray | None = None
    seconds: float | None = None


def look_at_all(dataset: Dataset, advance: Callable[[int], None] = lambda _: None) -> list[Look]:
    """Return a look at each captcha of all splits, in their order."""
    looks = []
    for split in SPLITS:
        for sample in dataset.samples(split):
            looks.append(look_at(sample, split, dataset.spec))
            advance(1)
    return looks


def look_at(sample: Sample, split: str, spec: CaptchaSpec) -> Look:
    """Look at one captcha."""
    place = Place(sample.id, split, sample.text, sample.path)
    try:
        return _picture(sample.media, place) if spec.media == "image" else _clip(sample.media, place, spec)
    except DataError as error:
        return Look(place, fault="damaged", reason=str(error))


def _picture(media: bytes, place: Place) -> Look:
    pixels = decode_image(media, channels=3)
    size = f"{pixels.shape[0]} x {pixels.shape[1]} pixels"
    if int(np.ptp(pixels.reshape(-1, 3).astype(np.int64), axis=0).max()) <= BLANK_LEVELS:
        return Look(place, size, "blank", "all pixels are nearly of one colour")
    return Look(place, size, signature=signature(pixels))


def _clip(media: bytes, place: Place, spec: CaptchaSpec) -> Look:
    samples = decode_audio(media, spec.rate_hz, spec.seconds)
    return Look(place, seconds=len(samples) / spec.rate_hz)


def faults(looks: Sequence[Look]) -> list[Finding]:
    """Return what is damaged or blank."""
    return [Finding(look.fault, look.reason, (look.place,)) for look in looks if look.fault]


def odd_sizes(looks: Sequence[Look]) -> list[Finding]:
    """Return the sizes that few pictures have, a finding a size, and the clips that are far from the usual length."""
    sizes = Counter(look.size for look in looks if look.size)
    if not sizes:
        return _odd_lengths(looks)
    usual, count = sizes.most_common(1)[0]
    usually = "most are" if count * 2 > len(looks) else "the commonest size is"
    odd = [size for size, count in sizes.items() if size != usual and count < ODD_SHARE * len(looks)]
    return [
        Finding(
            "size",
            f"{sizes[size]:,} of {len(looks):,} captchas are {size}, {usually} {usual}",
            tuple(look.place for look in looks if look.size == size),
            weight=sizes[size] / len(looks),
        )
        for size in odd
    ]


def _odd_lengths(looks: Sequence[Look]) -> list[Finding]:
    """Return the clips that last less than half or more than twice as long as the one in the middle."""
    lengths = [look.seconds for look in looks if look.seconds is not None]
    usual_s = float(np.median(lengths)) if lengths else 0.0
    sides: dict[str, list[Look]] = {"less than half": [], "more than twice": []}
    for look in looks:
        if look.seconds is not None and not usual_s / FAR <= look.seconds <= usual_s * FAR:
            sides["less than half" if look.seconds < usual_s else "more than twice"].append(look)
    return [
        Finding(
            "size",
            f"{len(far):,} of {len(looks):,} clips last {side} the usual {usual_s:.1f} s, as {far[0].seconds:.1f} s",
            tuple(look.place for look in far),
            weight=len(far) / len(looks),
        )
        for side, far in sides.items()
        if far
    ]


def twins(looks: Sequence[Look]) -> list[Finding]:
    """Return near-twins: contradictions where their texts differ, leaks where they lie in two splits.

    Files that are equal byte for byte count as one here, in the first split that has them, and are listed with it.
    """
    rows: dict[str, list[Look]] = {}
    for look in looks:
        rows.setdefault(look.place.id, []).append(look)
    seen = [copies for copies in rows.values() if copies[0].signature is not None]
    pairs = find_twins([one for copies in seen if (one := copies[0].signature) is not None])
    alike = {place: pair.alike for pair in reversed(pairs) for place in (pair.first, pair.second)}
    found = [([look.place for place in group for look in seen[place]], alike[group[0]]) for group in groups(pairs)]
    joined = {place.id for places, _ in found for place in places}
    equal = [[look.place for look in copies] for copies in rows.values() if len(copies) > 1]
    found += [(places, 1.0) for places in equal if places[0].id not in joined]
    return [_twins(tuple(places), score) for places, score in found]


def _twins(places: tuple[Place, ...], alike: float) -> Finding:
    texts = sorted({place.text for place in places if place.text is not None})
    splits = [split for split in SPLITS if any(place.split == split for place in places)]
    what = (
        "the same file" if len({place.id for place in places}) == 1 else f"nearly the same picture ({alike:.0%} alike)"
    )
    if len(texts) > 1:
        return Finding("contradiction", f"{what} under {len(texts)} texts: {', '.join(texts[:5])}", places, score=alike)
    if len(splits) > 1:
        return Finding("leak", f"{what} in {' and '.join(splits)}", places, weight=alike, score=alike)
    return Finding("twin", f"{what}, {len(places)} times in {splits[0]}", places, weight=alike, score=alike)
