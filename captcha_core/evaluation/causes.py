"""Why a model reads less than can be hoped for: which of the usual causes explains how many of its wrong answers.

Each is a comparison within one report, with the captchas that show it most plainly; they are leads, no proofs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import NOTHING, Proportion, align, right
from captcha_core.evaluation.report import Report
from captcha_core.media.image import size_of

HOPED = 0.95  # exact match from which nobody needs a cause
LEAST_WRONG = 5  # wrong answers, and
LEAST_SHARE = 0.15  # their share, that a cause has to explain
SURE = 0.95  # confidence of a wrong answer from which rather its label is doubted
SELDOM = 5  # times that a character was seen in training: less is too little
FEW = 100  # captchas to learn from
CHANCE = 0.01  # p from which two kinds of captcha do not read alike
LATE, RISE = 0.3, 0.02  # of the epochs, the last ones; exact match that they still gained on a validation set
SHOWN = 3


@dataclass(frozen=True)
class Cause:
    """A usual cause.

    Attributes:
        name: One word.
        sentence: What was found and what to do.
        wrong: Places in the report of the wrong answers that it explains, the plainest first.
    """

    name: str
    sentence: str
    wrong: Sequence[int]


@dataclass(frozen=True)
class Inquiry:
    """A report whose wrong answers are looked at.

    Args:
        report: What was read.
        learnt: Texts that the model has learnt from; none where a scheme drew them without end.
        history: Exact match on the validation set after each epoch; none where nobody watched the training.
    """

    report: Report
    learnt: Sequence[str] = ()
    history: Sequence[float] = ()

    @cached_property
    def wrong(self) -> list[int]:
        """Places of the wrong answers, the surest first."""
        places = np.flatnonzero(~right(self.report.truth, self.report.read)).tolist()
        return sorted(places, key=lambda place: -self.report.confidences[place])

    def causes(self) -> list[Cause]:
        """Return the causes that explain something, the one that explains most first; none where all is well."""
        if self.report.exact_match.value >= HOPED or len(self.wrong) < LEAST_WRONG:
            return []
        found = [cause for look in LOOKS for cause in look(self) if self._explains(cause)]
        return sorted(found, key=lambda cause: -len(cause.wrong)) or list(self._few())

    def _explains(self, cause: Cause) -> bool:
        return len(cause.wrong) >= max(SHOWN, LEAST_SHARE * len(self.wrong))

    def of_wrong(self, places: Sequence[int]) -> str:
        """Return how many of the wrong answers these are, in words."""
        return f"{len(places):,} of {len(self.wrong):,} wrong answers"

    def time(self) -> Iterator[Cause]:
        """A training that ended while it was still learning."""
        late = max(1, round(LATE * len(self.history)))
        before, after = self.history[:-late], self.history[-late:]
        if before and max(after) - max(before) >= RISE:
            yield Cause(
                "time",
                f"The training ended while it still learnt: in the last {late} of {len(self.history)} epochs exact "
                f"match on the validation set rose from {max(before):.1%} to {max(after):.1%}. Let it go on: "
                "captchalab train --resume RUN --minutes M.",
                self.wrong,
            )

    def labels(self) -> Iterator[Cause]:
        """Answers that the model is sure of although the label says otherwise."""
        sure = [place for place in self.wrong if self.report.confidences[place] >= SURE and not self._only_case(place)]
        yield Cause(
            "labels",
            f"{self.of_wrong(sure)} have a confidence of over {SURE:.0%}: look whether their labels are right "
            "(captchalab audit DATA).",
            sure,
        )

    def case(self) -> Iterator[Cause]:
        """Answers that differ from the label in case alone."""
        alike = [place for place in self.wrong if self._only_case(place)]
        yield Cause(
            "case",
            f"{self.of_wrong(alike)} differ from the label in case alone: where the site takes either, import with "
            "--case-insensitive.",
            alike,
        )

    def seldom(self) -> Iterator[Cause]:
        """Mistakes in characters that were hardly seen in training."""
        seen = Counter(character for text in self.learnt for character in text)
        hard = {one for one in self.report.spec.alphabet if seen[one] < SELDOM} if self.learnt else set()
        mine = {place: hard & {true for true, said in self._pairs(place) if true != said} for place in self.wrong}
        places = [place for place in self.wrong if mine[place]]
        named = "".join(sorted(set().union(*mine.values()))) if places else ""
        yield Cause(
            "seldom",
            f"{self.of_wrong(places)} are mistakes in characters that were seen less than {SELDOM} times in training "
            f"({named}): label more captchas that hold them.",
            places,
        )

    def confused(self) -> Iterator[Cause]:
        """Two characters that are taken for each other."""
        places: dict[frozenset[str], list[int]] = {}
        for place in self.wrong:
            for true, said in set(self._pairs(place)):
                if NOTHING not in (true, said) and true.casefold() != said.casefold():
                    places.setdefault(frozenset((true, said)), []).append(place)
        for pair, mine in sorted(places.items(), key=lambda item: -len(item[1]))[:1]:
            one, other = sorted(pair)
            mine = list(dict.fromkeys(mine))
            yield Cause(
                "confused",
                f"{self.of_wrong(mine)} take {one!r} and {other!r} for each other: look whether people can tell them "
                "apart here, and label more captchas that hold them.",
                mine,
            )

    def lengths(self) -> Iterator[Cause]:
        """Texts with a character too many or too few, where lengths vary."""
        truth, read = self.report.truth, self.report.read
        places = [place for place in self.wrong if len(read[place] or "") != len(truth[place])]
        kept = "" if self.report.spec.min_length < self.report.spec.max_length else " although all are of one length"
        yield Cause(
            "lengths",
            f"{self.of_wrong(places)} have a character too many or too few{kept}: look whether characters touch or are "
            "cut off by the picture's edge.",
            places,
        )

    def sizes(self) -> Iterator[Cause]:
        """Pictures of another size that are read worse than those of the commonest."""
        if self.report.spec.media != "image":
            return
        sizes = [_size(sample.media) for sample in self.report.samples]
        (commonest, _), *others = Counter(sizes).most_common()
        if others:
            odd = [size != commonest for size in sizes]
            height, width = commonest
            yield from self._two_kinds("sizes", odd, f"pictures of another size than {height}x{width} pixels")

    def folders(self) -> Iterator[Cause]:
        """Captchas of one folder that are read worse than all others."""
        names = [sample.path.rpartition("/")[0] for sample in self.report.samples]
        for name in sorted(set(names)) if 1 < len(set(names)) <= FEW else ():
            yield from self._two_kinds("folders", [one == name for one in names], f"captchas of the folder {name!r}")

    def _two_kinds(self, name: str, odd: Sequence[bool], what: str) -> Iterator[Cause]:
        from scipy.stats import fisher_exact  # it takes about a second

        hits, mask = right(self.report.truth, self.report.read), np.array(odd)
        theirs, ours = (Proportion(int(hits[part].sum()), int(part.sum())) for part in (mask, ~mask))
        if not ours.n or theirs.value >= ours.value:
            return
        table = [[theirs.hits, theirs.n - theirs.hits], [ours.hits, ours.n - ours.hits]]
        if fisher_exact(table).pvalue < CHANCE:
            yield Cause(
                name,
                f"Of {theirs.n:,} {what} {theirs.value:.0%} are read, of {ours.n:,} others {ours.value:.0%}: look "
                "whether these are two kinds of captcha, and import each for itself.",
                [place for place in self.wrong if odd[place]],
            )

    def _few(self) -> Iterator[Cause]:
        if 0 < len(self.learnt) < FEW:
            yield Cause(
                "few",
                f"The model has learnt from {len(self.learnt):,} captchas: label more (captchalab dashboard, page "
                "Label); the least sure first teach most.",
                self.wrong,
            )

    def _only_case(self, place: int) -> bool:
        return (self.report.read[place] or "").casefold() == self.report.truth[place].casefold()

    def _pairs(self, place: int) -> list[tuple[str, str]]:
        return align(self.report.truth[place], self.report.read[place] or "")


def _size(media: bytes) -> tuple[int, int]:
    try:
        return size_of(media)
    except DataError:
        return (0, 0)


LOOKS: Sequence[Callable[[Inquiry], Iterator[Cause]]] = (
    Inquiry.time, Inquiry.labels, Inquiry.case, Inquiry.seldom, Inquiry.confused, Inquiry.lengths, Inquiry.sizes,
    Inquiry.folders,
)  # fmt: skip


def write_examples(causes: Sequence[Cause], report: Report, folder: Path) -> None:
    """Write the three plainest captchas of each cause as ``NAME/1_LABEL_READ.png``."""
    for cause in causes:
        (folder / cause.name).mkdir(parents=True, exist_ok=True)
        for rank, place in enumerate(cause.wrong[:SHOWN], 1):
            (folder / cause.name / report.file_name(rank, place)).write_bytes(report.samples[place].media)
