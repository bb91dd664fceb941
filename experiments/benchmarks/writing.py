"""How fast, in how much memory and how safely data sets are written: workers, a million samples, kills."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from captcha_core.errors import DataError
from experiments.faults.kills import Victim, kill_again

SCHEME = "digits4"
SEED = 1
POLL_S = 0.2
SHARE_OF_RUN = 6  # a kill comes within a sixth of a whole run after its start-up, so that many kills fit into it


@dataclass(frozen=True)
class Written:
    """One run of ``captchalab generate``; memory is that of all its processes together at its highest.

    ``microseconds_per_sample`` counts everything, ``steady_microseconds_per_sample`` the time from the first shard to
    the last: start-up left out.
    """

    count: int
    workers: int
    seconds: float
    microseconds_per_sample: float
    steady_microseconds_per_sample: float
    peak_mib: float
    digest: str


def run(
    count: int = 100_000, kills: int = 20, kill_count: int = 50_000, long: bool = False, folder: str = ""
) -> dict[str, Any]:
    """Write with one and two workers, kill and continue, and (``long``) write a million.

    Args:
        count: Samples of the runs with one and two workers.
        kills: How often a run is killed.
        kill_count: Samples of that run.
        long: Also write 1,000,000 samples with two workers, and 10,000 (the median of five runs) and 1,000,000 with
            one, for the time per sample: some 6 GB of disk.
        folder: Where to write; by default where temporary files go.
    """
    with tempfile.TemporaryDirectory(dir=folder or None) as place:
        root = Path(place)
        runs = [measure(root, count, workers) for workers in (1, 2)]
        result: dict[str, Any] = {
            "scheme": SCHEME,
            "runs": [asdict(written) for written in runs],
            "equal_digests": len({written.digest for written in runs}) == 1,
        }
        if kills:
            result["kills"] = kill_and_continue(root, kill_count, kills)
        if long:
            both = measure(root, 1_000_000, 2)
            few = sorted((measure(root, 10_000, 1) for _ in range(5)), key=_steady)[2]
            many = measure(root, 1_000_000, 1)
            result["long"] = {
                "runs": [asdict(written) for written in (both, few, many)],
                "time_per_sample_ratio": _steady(many) / _steady(few),
            }
        return result


def command(out: Path, count: int, workers: int) -> list[str]:
    """Return the command line that writes the data set of these benchmarks."""
    options = {"scheme": SCHEME, "seed": SEED, "count": count, "workers": workers, "out": out, "format": "json"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "experiments.cli", "generate", *words]


def measure(root: Path, count: int, workers: int) -> Written:
    """Write a data set in a process of its own, and remove it.

    Raises:
        DataError: If the command fails.
    """
    import psutil

    out = root / f"{count}-{workers}"
    started = time.perf_counter()
    process = subprocess.Popen(command(out, count, workers), stdout=subprocess.PIPE, text=True)  # noqa: S603
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory_bytes(psutil.Process(process.pid)))
        time.sleep(POLL_S)
    seconds = time.perf_counter() - started
    digest = _digest(process)
    steady = _steady_seconds_per_sample(out)
    shutil.rmtree(out)
    return Written(count, workers, seconds, seconds / count * 1e6, steady * 1e6, peak / 2**20, digest)


def _steady(written: Written) -> float:
    return written.steady_microseconds_per_sample


def _steady_seconds_per_sample(out: Path) -> float:
    """Return the time from the first shard number to the last over the samples that came in it (0 for one number)."""
    from captcha_core.dataset.store import read_manifest

    rows: dict[str, int] = {}
    done: dict[str, float] = {}
    for name, shard in read_manifest(out).shards.items():
        number = Path(name).stem
        rows[number] = rows.get(number, 0) + shard.rows
        done[number] = max(done.get(number, 0.0), (out / name).stat().st_mtime)
    first, last = min(done, key=done.__getitem__), max(done.values())
    samples = sum(rows.values()) - rows[first]
    return (last - done[first]) / samples if samples else 0.0


def _memory_bytes(process: Any) -> int:
    """Return the memory of a process and all below it; pages that they share count once where the system can tell."""
    import psutil

    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            info = member.memory_full_info()
            total += getattr(info, "pss", info.rss)
    except psutil.Error:  # one ended while it was looked at
        pass
    return total


def _digest(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate()
    if process.returncode != 0:
        raise DataError(f"expected generate to end well, received exit code {process.returncode}; see its message.")
    return str(json.loads(output)["digest"])


def kill_and_continue(root: Path, count: int, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill a run with SIGKILL at random moments, continue it each time, and compare it with an uninterrupted one.

    Half of the kills hit the parent alone, half the workers at the same moment. After each, every shard that is in its
    place is read whole.

    Raises:
        DataError: If a shard is cut short, or the digest differs in the end.
    """
    whole = _uninterrupted(root / "whole", count)
    out = root / "killed"
    latest_s = whole.first_shard_s + (whole.seconds - whole.first_shard_s) / SHARE_OF_RUN
    seen: list[int] = []

    def finished(process: "subprocess.Popen[bytes]") -> None:  # it was faster: it must be right
        _check_digest(out, whole.digest)
        shutil.rmtree(out)

    victim = Victim(
        lambda: _start(out, count), (0.0, latest_s), look=lambda: seen.append(check_shards(out)), finished=finished
    )
    killed = kill_again(victim, kills, random.Random(seed))
    left = len(list((out / ".writing").glob("[0-9]*.json")))
    final = _start(out, count)
    if final.wait() != 0:
        raise DataError(f"expected the killed run in {out} to continue, received exit code {final.returncode}.")
    _check_digest(out, whole.digest)
    return {
        "count": count,
        "kills": killed.kills,
        "whole_shards_seen": sum(seen),
        "shards_done_by_killed_runs": left,
        "finished_before_a_kill": killed.finished_before_a_kill,
        "uninterrupted_seconds": whole.seconds,
        "digest": whole.digest,
        "same_digest": True,
    }


@dataclass(frozen=True)
class _Whole:
    first_shard_s: float
    seconds: float
    digest: str


def _uninterrupted(out: Path, count: int) -> _Whole:
    """Write a data set and remove it, with the time until its first shard."""
    from captcha_core.dataset.store import Dataset

    started = time.perf_counter()
    process = _start(out, count)
    first = 0.0
    while process.poll() is None:
        if not first and any(out.glob("*/part-*.parquet")):
            first = time.perf_counter() - started
        time.sleep(0.02)
    if process.returncode != 0:
        raise DataError(f"expected generate to end well, received exit code {process.returncode}; see its message.")
    seconds, digest = time.perf_counter() - started, Dataset.open(out).digest
    shutil.rmtree(out)
    return _Whole(first, seconds, digest)


def _start(out: Path, count: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        command(out, count, 2), stdout=subprocess.DEVNULL, start_new_session=True
    )


def check_shards(out: Path) -> int:
    """Read every shard that is in its place; return how many there are.

    Raises:
        DataError: If one is not whole.
    """
    from captcha_core.dataset.shard import read_shard

    paths = sorted(out.glob("*/part-*.parquet"))
    for path in paths:
        for _ in read_shard(path, ("id", "text", "media", "origin")):
            pass
    return len(paths)


def _check_digest(out: Path, digest: str) -> None:
    from captcha_core.dataset.store import Dataset

    dataset = Dataset.open(out)
    dataset.verify()
    if dataset.digest != digest:
        raise DataError(
            f"expected the digest {digest} after the kills, received {dataset.digest}; writing is at fault."
        )
    if (out / ".writing").exists():
        raise DataError(f"expected nothing left over in {out}, received .writing; writing is at fault.")
