"""Draws a scheme into a data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from captcha_core.dataset.split import DEFAULT_SPLIT, drawn_rule
from captcha_core.dataset.store import Dataset, Plan
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import SpecError
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.texts import TextSpace, UniqueTexts, check_unique, space_of
from captcha_core.spec.sample import Sample

Source = Literal["fast", "exact", "package", "program"]  # the last: somebody else's, out of process
SHARD_ROWS = {"image": 2000, "audio": 200}  # a few MB each, so that a kill costs seconds and memory stays small
GENERATOR = "captchalab 1"  # raise it when the same request draws other samples than before
DrawScheme = Callable[[Scheme, int, range, Sequence[str] | None], Sequence[Sample]]


@dataclass(frozen=True)
class TextChoice:
    """Which texts are drawn.

    Args:
        kind: ``scheme`` draws each on its own, so that texts repeat; ``unique`` is a random sample of the space
            without repetition; ``enumerate`` goes through the whole space ``epochs`` times.
        distinct_characters: No character repeats within a text.
        epochs: For ``enumerate``.
    """

    kind: Literal["scheme", "unique", "enumerate"] = "scheme"
    distinct_characters: bool = False
    epochs: int = 1

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise SpecError(f"expected at least 1 epoch, received {self.epochs}; correct it.")
        if self.kind != "enumerate" and self.epochs > 1:
            raise SpecError(f"expected epochs of an enumeration, received {self.epochs} without one; enumerate, too.")
        if self.kind == "scheme" and self.distinct_characters:
            raise SpecError("expected unique or enumerated texts for distinct characters; ask for one of the two, too.")

    def plan(self) -> dict[str, Any] | None:
        """Return what the data set's description says of it, None where the scheme draws the texts."""
        if self.kind == "scheme":
            return None
        return {"kind": self.kind, "distinct_characters": self.distinct_characters, "epochs": self.epochs}


@dataclass(frozen=True)
class SchemeSamples:
    """Gives the samples of a range of indices; picklable, so that workers can draw for themselves."""

    draw: DrawScheme
    scheme: Scheme
    seed: int
    texts: UniqueTexts | None

    def __call__(self, indices: range) -> Sequence[Sample]:
        """Return the samples of these indices."""
        texts = [self.texts[index] for index in indices] if self.texts else None
        return self.draw(self.scheme, self.seed, indices, texts)


@dataclass(frozen=True)
class GenerationRequest:
    """What to draw. The same request gives the same data set, unless the source is the package, which has no seed.

    Args:
        scheme: The scheme, its spec and knobs as wanted.
        count: Samples in all splits together; 0 with ``enumerate``, which has its own.
        split: Shares or counts, see :func:`captcha_core.dataset.split.parse_split`.

    Raises:
        SpecError: If it cannot be met.
    """

    scheme: Scheme
    count: int
    seed: int = 0
    source: Source = "fast"
    texts: TextChoice = TextChoice()
    split: str = DEFAULT_SPLIT
    split_by: Literal["content", "text"] = "content"

    def __post_init__(self) -> None:
        if self.texts.kind != "scheme" and self.scheme.spec.answer == "arithmetic":
            raise SpecError(
                f"expected sums of the scheme's own choice from {self.scheme.name}, received {self.texts.kind} texts, "
                "of which most are no sums; leave that out."
            )
        if self.texts.kind == "enumerate" and self.count not in (0, self.total):
            raise SpecError(
                f"expected no count, or {self.total:,}, to go through all texts, received {self.count:,}; leave the "
                "count out or take a unique sample instead."
            )
        if self.total < 1:
            raise SpecError(f"expected a count of at least 1, received {self.total:,}; say how many captchas to draw.")
        if self.texts.kind == "unique":
            check_unique(self.space, self.total)
        if self.texts.kind != "scheme" and self.source in ("package", "program"):
            raise SpecError(
                f"expected texts of the {self.source}'s own choice, received unique ones; "
                "take the source fast or exact and a scheme of ours."
            )

    @property
    def reproducible(self) -> bool:
        """Whether the same request draws the same captchas."""
        knobs = self.scheme.knobs
        return knobs.reproducible if isinstance(knobs, ProgramKnobs) else self.source != "package"

    @property
    def space(self) -> TextSpace:
        """Every text that can be drawn."""
        return space_of(self.scheme.spec, self.texts.distinct_characters)

    @property
    def total(self) -> int:
        """Number of samples."""
        return self.space.size * self.texts.epochs if self.texts.kind == "enumerate" else self.count

    def plan(self) -> Plan:
        """Return everything that decides the contents.

        Raises:
            SpecError: If the split cannot be.
        """
        scheme = self.scheme
        return Plan(
            source=self.source,
            spec=scheme.spec,
            scheme=scheme.name,
            knobs=scheme.knobs.model_dump(mode="json"),
            seed=self.seed if self.reproducible else None,
            count=self.total,
            split=drawn_rule(self.split, self.split_by, self.total),
            texts=self.texts.plan(),
            shard_size=SHARD_ROWS[scheme.spec.media],
            generator=GENERATOR,
        )

    def samples(self, draw: DrawScheme) -> SchemeSamples:
        """Return what gives the samples by index."""
        texts = None if self.texts.kind == "scheme" else UniqueTexts(self.space, self.seed)
        return SchemeSamples(draw, self.scheme, self.seed, texts)


def write_drawn(
    folder: Path,
    request: GenerationRequest,
    *,
    draw: DrawScheme | None = None,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Draw a data set into a folder, or what is still missing of it.

    Args:
        folder: As ``workers``, ``cluster`` and ``progress``, see :func:`captcha_core.dataset.writer.write_dataset`.
        request: What to draw.
        draw: What draws it, where that is not the request's source.

    Raises:
        SpecError: If the scheme cannot be drawn so.
        DataError: If the folder holds something else or cannot be written.
    """
    samples = request.samples(draw or _source(request.source))
    return write_dataset(folder, request.plan(), samples, workers=workers, cluster=cluster, progress=progress)


def _source(name: Source) -> DrawScheme:
    if name == "package":
        return _draw_package
    from captcha_core.sources.generate import draw_samples

    return partial(draw_samples, exact=True) if name == "exact" else draw_samples


def _draw_package(scheme: Scheme, _seed: int, indices: range, _texts: Sequence[str] | None) -> Sequence[Sample]:
    """Draw with the captcha package, which takes neither seed nor index."""
    from captcha_core.sources.reference import draw_reference

    return draw_reference(scheme, len(indices))
