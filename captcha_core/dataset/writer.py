"""Writes a data set shard by shard, so that any worker can write any shard and a stopped run can continue.

While a data set is being written its folder holds ``.writing/``: the plan, the drafts of shards and, for each shard
number that is done, a receipt. ``dataset.json`` comes last and ``.writing/`` goes then, so a folder is either a whole
data set or plainly not one.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from captcha_core.dataset import workers as shard_workers
from captcha_core.dataset.shard import ShardFile, write_shard_file
from captcha_core.dataset.split import SPLITS, SplitRule
from captcha_core.dataset.store import MANIFEST, WORKSHOP, Dataset, Manifest, Plan, digest_of, read_manifest
from captcha_core.errors import DataError, disk_error
from captcha_core.files import write_file
from captcha_core.spec.sample import Sample

Draw = Callable[[range], Sequence[Sample]]
PLAN = "plan.json"
LOCK_ATTEMPTS = 5
DRAW_AT_ONCE = 250  # samples asked of the source in one call: enough to be quick, little memory


class Receipt(BaseModel):
    """The shards that came of one number: at most one for each split."""

    model_config = ConfigDict(frozen=True)

    number: int
    shards: dict[str, ShardFile]


@dataclass(frozen=True)
class ShardTask:
    """Writes the shards of a number; picklable, so that it can run anywhere that sees the folder."""

    folder: Path
    draw: Draw
    rule: SplitRule
    count: int
    shard_size: int

    def __call__(self, number: int) -> Receipt:
        """Write the shard of this number."""
        first = number * self.shard_size
        indices = range(first, min(first + self.shard_size, self.count))
        parts: dict[str, list[Sample]] = {split: [] for split in SPLITS}
        for start in range(indices.start, indices.stop, DRAW_AT_ONCE):
            batch = range(start, min(start + DRAW_AT_ONCE, indices.stop))
            for index, sample in zip(batch, self.draw(batch), strict=True):
                parts[self.rule.of(sample, index)].append(sample)
        shards = {}
        for split, samples in parts.items():
            if samples:
                name = f"{split}/part-{number:05d}.parquet"
                shards[name] = write_shard_file(samples, split, self.folder / name, self.folder / WORKSHOP)
        receipt = Receipt(number=number, shards=shards)
        _write_text(self.folder, f"{WORKSHOP}/{number:05d}.json", receipt.model_dump_json())
        return receipt


def write_dataset(
    folder: Path,
    plan: Plan,
    draw: Draw,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Write the data set that the plan describes, or what is still missing of it.

    Args:
        folder: New, empty, or holding the same data set, finished or not.
        plan: Everything that decides the contents.
        draw: Gives the samples of a range of indices; sample i must not depend on the range. Picklable if more than
            this process is to work.
        workers: Processes.
        cluster: Address of a Ray cluster to use in place of processes; its nodes must see ``folder``.
        progress: Called with the number of samples of each shard that is done.

    Returns:
        The finished data set. Its digest does not depend on workers, cluster or interruptions.

    Raises:
        DataError: If the folder holds anything else, is being written by another process, or cannot be written.
    """
    if (folder / MANIFEST).exists():
        dataset = _finished(folder, plan, progress)
        _clear_left(folder)
        return dataset
    try:
        with _workshop(folder):
            if (folder / MANIFEST).exists():  # another process finished it between the look above and the lock
                return _finished(folder, plan, progress)
            receipts = _continue(folder, plan)
            for receipt in receipts.values():
                progress(_rows(receipt))
            task = ShardTask(folder.absolute(), draw, plan.split, plan.count, plan.shard_size)
            numbers = range(-(-plan.count // plan.shard_size))
            missing = [number for number in numbers if number not in receipts]
            for receipt in shard_workers.run(task, missing, min(workers, max(1, len(missing))), cluster):
                receipts[receipt.number] = receipt
                progress(_rows(receipt))
            _finish(folder, plan, receipts)
    except OSError as error:
        raise disk_error(folder, error) from None
    return Dataset.open(folder)


def _rows(receipt: Receipt) -> int:
    return sum(shard.rows for shard in receipt.shards.values())


def _finished(folder: Path, plan: Plan, progress: Callable[[int], None]) -> Dataset:
    """Return the data set that is there already, when it is the one that is wanted."""
    _refuse_other(folder, read_manifest(folder), plan)
    progress(plan.count)
    return Dataset.open(folder)


def _clear_left(folder: Path) -> None:
    """Remove the workshop of a finished data set, which a kill may have left."""
    if (folder / WORKSHOP).exists():
        with contextlib.suppress(Timeout, OSError), FileLock(folder / WORKSHOP / "lock", timeout=0):
            shutil.rmtree(folder / WORKSHOP, ignore_errors=True)


def _refuse_other(folder: Path, there: Plan, plan: Plan) -> None:
    difference = plan.difference(there)
    if difference:
        raise DataError(
            f"expected an empty folder or the same data set in {folder}, received another one ({difference}); choose "
            "another --out or remove the folder."
        )


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[None]:
    """Hold the folder for this process, and leave behind only what a later run can use."""
    made = not folder.exists()
    others = [] if made else [path.name for path in folder.iterdir()]
    if others and WORKSHOP not in others and MANIFEST not in others:
        raise DataError(
            f"expected an empty folder or the same data set in {folder}, received {len(others):,} other files "
            f"({others[0]}, ...); choose another --out."
        )
    lock = _locked(folder)
    try:
        yield
    finally:  # what goes, goes before the lock: behind it the next process may have begun
        finished = (folder / MANIFEST).exists()
        useless = not finished and not any((folder / WORKSHOP).glob("[0-9]*.json"))
        gone = [folder / WORKSHOP] if finished or useless else []
        if useless:
            gone = [folder] if made else [*gone, *(folder / split for split in SPLITS)]
        for place in gone:
            shutil.rmtree(place, ignore_errors=True)
        lock.release()
        if os.name == "nt":  # which keeps a file that is open, and with it the folder
            for place in gone:
                shutil.rmtree(place, ignore_errors=True)


def _locked(folder: Path) -> FileLock:
    """Return the lock of the folder's workshop, acquired."""
    lock = FileLock(folder / WORKSHOP / "lock")
    for attempt in range(LOCK_ATTEMPTS):
        (folder / WORKSHOP).mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
            break
        except FileNotFoundError:  # another process has just finished, and its workshop went
            if attempt + 1 == LOCK_ATTEMPTS:
                raise
        except Timeout:
            raise DataError(
                f"expected {folder} to be free, received a data set that another process is writing; wait for it or "
                "choose another --out."
            ) from None
    return lock


def _continue(folder: Path, plan: Plan) -> dict[int, Receipt]:
    """Return the receipts of an earlier run, after its drafts are removed; write the plan if there was none."""
    workshop = folder / WORKSHOP
    for draft in workshop.glob("*.tmp"):
        draft.unlink()
    place = workshop / PLAN
    found = [Receipt.model_validate_json(path.read_bytes()) for path in workshop.glob("[0-9]*.json")]
    receipts = {receipt.number: receipt for receipt in found if _is_there(folder, receipt)}
    if not receipts:
        for split in SPLITS:
            shutil.rmtree(folder / split, ignore_errors=True)
        _write_text(folder, f"{WORKSHOP}/{PLAN}", plan.model_dump_json())
        return {}
    _refuse_other(folder, Plan.model_validate_json(place.read_bytes()), plan)
    return receipts


def _is_there(folder: Path, receipt: Receipt) -> bool:
    places = {folder / name: shard.bytes for name, shard in receipt.shards.items()}
    return all(path.is_file() and path.stat().st_size == size for path, size in places.items())


def _finish(folder: Path, plan: Plan, receipts: dict[int, Receipt]) -> None:
    shards = {name: shard for number in sorted(receipts) for name, shard in receipts[number].shards.items()}
    counts = {split: sum(s.rows for name, s in shards.items() if name.startswith(f"{split}/")) for split in SPLITS}
    manifest = Manifest(
        **{name: getattr(plan, name) for name in Plan.model_fields},
        counts=counts,
        shards=shards,
        digest=digest_of(plan.spec, shards),
    )
    _write_text(folder, MANIFEST, manifest.to_json())


def _write_text(folder: Path, name: str, text: str) -> None:
    """Write a small file of a data set by way of the workshop, whose drafts the next run removes."""
    place = folder / name
    write_file(place, text.encode(), folder / WORKSHOP / f"{place.stem}.tmp")
