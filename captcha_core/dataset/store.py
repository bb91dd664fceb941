"""A data set on disk: a folder of Parquet shards and a ``dataset.json`` that describes them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, FailFast, ValidationError, field_validator, model_validator

from captcha_core.dataset.shard import HASH_SPACE, ShardFile, check_shard_file, read_shard
from captcha_core.dataset.split import SPLITS, SplitRule
from captcha_core.errors import DataError, SpecError, first_fault, short
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

MANIFEST = "dataset.json"
WORKSHOP = ".writing"
IN_WORDS = {"found": "other files", "bounds": "other shares of the splits"}  # hashes and their ranges tell nobody much
SHARD_NAME = re.compile(r"(train|validation|test)/part-\d{5,}\.parquet")


class Plan(BaseModel):
    """All that decides what a data set will hold. Two runs with equal plans write the same data set.

    Args:
        source: ``fast``, ``exact``, ``package`` or ``program`` (drawn), or ``import``.
        scheme: Name of the scheme, None for imports. ``knobs`` are all of its knobs.
        seed: None where the samples do not come from a seed.
        count: Number of samples in all splits together.
        texts: How the texts were chosen, where the scheme does not draw them.
        found: Imports: a hash of every file and label that was found.
        shard_size: Samples of one shard, all splits together.
        generator: Version of the code that drew the samples.
    """

    model_config = ConfigDict(frozen=True)

    format: int = 1
    source: str
    spec: CaptchaSpec
    scheme: str | None = None
    knobs: dict[str, Any] = {}
    seed: int | None = None
    count: int
    split: SplitRule
    texts: dict[str, Any] | None = None
    found: str | None = None
    shard_size: int
    generator: str

    def difference(self, other: "Plan") -> str:
        """Return in words where two plans differ, empty when they do not; of another source or scheme only that."""
        fields = set(Plan.model_fields)
        mine, theirs = (plan.model_dump(mode="json", include=fields) for plan in (self, other))
        for kind in ("source", "scheme"):
            if mine[kind] != theirs[kind]:
                return f"{kind} {theirs[kind]} instead of {mine[kind]}"
        return ", ".join(_differences(mine, theirs))


def _differences(mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*mine, *theirs]):
        wanted, there = mine.get(name), theirs.get(name)
        if wanted == there:
            continue
        if isinstance(wanted, dict) and isinstance(there, dict):
            yield from _differences(wanted, there)
        elif name in IN_WORDS:
            yield IN_WORDS[name]
        else:
            yield f"{name} {short(there, 60)} instead of {short(wanted, 60)}"


class Manifest(Plan):
    """The contents of ``dataset.json``: the plan, and what came of it."""

    counts: Annotated[dict[str, int], FailFast()]
    shards: Annotated[dict[str, ShardFile], FailFast()]
    digest: str

    @field_validator("shards")
    @classmethod
    def _inside(cls, shards: dict[str, ShardFile]) -> dict[str, ShardFile]:
        for name in shards:
            if not SHARD_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a shard")
        return shards

    @model_validator(mode="after")
    def _counted(self) -> Self:
        for split in {*SPLITS, *self.counts}:
            rows = sum(shard.rows for name, shard in self.shards.items() if name.startswith(f"{split}/"))
            if rows != self.counts.get(split, 0):
                raise ValueError(f"the shards of {split} hold {rows:,} samples, the counts say otherwise")
        return self

    def to_json(self) -> str:
        """Return the text of ``dataset.json``."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def digest_of(spec: CaptchaSpec, shards: dict[str, ShardFile]) -> str:
    """Return the digest of a data set: it depends on the spec and on which (split, id, text) rows there are alone."""
    total = sum(int(shard.rows_hash, 16) for shard in shards.values()) % HASH_SPACE
    rows = sum(shard.rows for shard in shards.values())
    return hashlib.sha256(f"{spec.to_json()}\n{rows}\n{total:064x}\n".encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read ``dataset.json``.

    Raises:
        DataError: If there is none, or not one of ours.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if (folder / WORKSHOP).is_dir():
            raise DataError(
                f"expected a finished data set, received {folder}, whose writing was stopped; run the command that "
                "wrote it once more, it continues."
            ) from None
        raise DataError(
            f"expected a data set (a folder with {MANIFEST}), received {folder}; write one with `captchalab generate` "
            "or `captchalab import`."
        ) from None
    except NotADirectoryError:
        raise DataError(f"expected the folder of a data set, received the file {folder}; name the folder.") from None
    except ValidationError as error:
        raise DataError(f"{path}: {first_fault(error, 'data set description')}") from None
    except SpecError as error:
        raise DataError(f"{path}: {error}") from None


@dataclass(frozen=True)
class Dataset:
    """A finished data set. Opening reads ``dataset.json`` alone; samples are read as they are asked for."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path) -> "Dataset":
        """Open a data set.

        Raises:
            DataError: If the folder holds none, or a shard is missing or has another size.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        for name, shard in manifest.shards.items():
            path = folder / name
            size = path.stat().st_size if path.is_file() else None
            if size != shard.bytes:
                received = "none" if size is None else f"{size:,} bytes"
                raise DataError(
                    f"expected {shard.bytes:,} bytes in {path}, received {received}; restore it or write the data set "
                    "again."
                )
        return cls(folder, manifest)

    @property
    def spec(self) -> CaptchaSpec:
        """What its captchas are."""
        return self.manifest.spec

    @property
    def scheme(self) -> str | None:
        """Name of the scheme that drew it, None for imported data."""
        return self.manifest.scheme

    @property
    def seed(self) -> int | None:
        """The seed that drew it, None where there was none."""
        return self.manifest.seed

    @property
    def digest(self) -> str:
        """What names its contents, see :func:`digest_of`."""
        return self.manifest.digest

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each split; every split is named."""
        return {split: self.manifest.counts.get(split, 0) for split in SPLITS}

    def samples(self, split: str) -> Iterator[Sample]:
        """Yield the samples of a split in the order of the shards, a few hundred in memory at a time.

        Raises:
            DataError: If the split is unknown or a shard is damaged.
        """
        return self._samples_of(self.shards(split))

    def spread(self, split: str, count: int) -> list[Sample]:
        """Return at most ``count`` samples, evenly spread over a split; shards between them are not read.

        Raises:
            DataError: If the split is unknown or a shard is damaged.
        """
        names = self.shards(split)
        total = self.counts[split]
        chosen = [place * total // count for place in range(count)] if count < total else list(range(total))
        found: list[Sample] = []
        first = 0
        for name in names:
            rows = self.manifest.shards[name].rows
            wanted = [row - first for row in chosen if first <= row < first + rows]
            if wanted:
                samples = list(self._samples_of([name]))
                found += [samples[row] for row in wanted]
            first += rows
        return found

    def media(self, split: str) -> list[bytes]:
        """Return the encoded files of a split, all in memory."""
        return [media for column in self._column(split, "media.bytes") for media in column.field(0).to_pylist()]

    def texts(self, split: str) -> list[str | None]:
        """Return the labels of a split in the order of :meth:`media`; None where nobody has read the captcha yet."""
        return [text for column in self._column(split, "text") for text in column.to_pylist()]

    def ids(self, split: str) -> list[str]:
        """Return the content hashes of a split in the order of :meth:`media`."""
        return [identity for column in self._column(split, "id") for identity in column.to_pylist()]

    def verify(self) -> None:
        """Compare every byte with the sums in ``dataset.json``.

        Raises:
            DataError: Naming the first shard that differs, or the digest.
        """
        for name, shard in self.manifest.shards.items():
            check_shard_file(self.path / name, shard)
        found = digest_of(self.spec, self.manifest.shards)
        if found != self.digest:
            raise DataError(
                f"expected the digest {found[:12]}... of the shards in {self.path / MANIFEST}, received "
                f"{self.digest[:12]}...; restore the file or write the data set again."
            )

    def shards(self, split: str) -> list[str]:
        """Return the names of a split's shards, in the order of its samples.

        Raises:
            DataError: If the split is unknown.
        """
        if split not in SPLITS:
            raise DataError(f"expected a split of {', '.join(SPLITS)}, received {split!r}; name one of them.")
        return [name for name in sorted(self.manifest.shards) if name.startswith(f"{split}/")]

    def shard(self, name: str) -> Iterator[Sample]:
        """Yield the samples of one shard.

        Raises:
            DataError: If it is damaged.
        """
        return self._samples_of([name])

    def _samples_of(self, shards: Sequence[str]) -> Iterator[Sample]:
        for name in shards:
            for batch in read_shard(self.path / name, ("text", "media", "origin"), self.manifest.shards[name].rows):
                for row in batch.to_pylist():
                    media = row["media"]
                    yield Sample(media["bytes"], row["text"], media["path"] or "", self._origin(name, row["origin"]))

    def _origin(self, shard: str, text: str) -> dict[str, Any]:
        try:
            origin = json.loads(text)
        except ValueError:
            origin = None
        if not isinstance(origin, dict):
            raise DataError(
                f"expected each origin in {self.path / shard} to be a JSON object, received {text[:80]!r}; write the "
                "data set again."
            )
        return origin

    def _column(self, split: str, column: str) -> Iterator[Any]:
        for name in self.shards(split):
            for batch in read_shard(self.path / name, (column,), self.manifest.shards[name].rows):
                yield batch[0]


def no_labels(dataset: Dataset, split: str) -> DataError:
    """Return the error of a split in which nothing is labelled."""
    return DataError(
        f"expected labelled samples in the {split} split of {dataset.path}, received none; label or import more."
    )


def require_same_spec(dataset: Dataset, spec: CaptchaSpec) -> None:
    """Raises: DataError: If the data set describes other captchas than the model reads."""
    difference = dataset.spec.difference(spec)
    if difference:
        raise DataError(
            f"expected a data set of the model's specification, received {dataset.path} with {difference}; import or "
            "generate it for this model, or train a model for it."
        )
