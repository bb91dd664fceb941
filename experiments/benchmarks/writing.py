"""How fast and in how much memory data sets are written: one worker and two, and a million samples."""

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.tools.processes import STDOUT, CommandFailed, memory_mib, start, stderr_of, wait_for

SCHEME = "digits4"
POLL_S = 0.2


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


def run(count: int = 100_000, long: bool = False, folder: str = "") -> dict[str, Any]:
    """Write with one and two workers, and (``long``) write a million.

    Args:
        count: Samples of the runs with one and two workers.
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
        if long:
            both = measure(root, 1_000_000, 2)
            few = sorted((measure(root, 10_000, 1) for _ in range(5)), key=_steady)[2]
            many = measure(root, 1_000_000, 1)
            result["long"] = {
                "runs": [asdict(written) for written in (both, few, many)],
                "time_per_sample_ratio": _steady(many) / _steady(few),
            }
        return result


def measure(root: Path, count: int, workers: int) -> Written:
    """Write a data set in a process of its own, and remove it.

    Raises:
        CommandFailed: If the command fails.
    """
    options = {"scheme": SCHEME, "seed": 1, "count": count, "workers": workers, "out": "drawn", "format": "json"}
    peaks, out, began = [0.0], root / "drawn", time.perf_counter()

    def look() -> bool:
        peaks.append(memory_mib(process.pid))
        return False

    process = start(root, "generate", *(word for name, value in options.items() for word in (f"--{name}", str(value))))
    wait_for(process, look, POLL_S)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise CommandFailed(f"expected generate to work, received: {stderr_of(root)[-1000:]}")
    digest = str(json.loads((root / STDOUT).read_text(encoding="utf-8"))["digest"])
    steady = _steady_seconds_per_sample(out)
    shutil.rmtree(out)
    return Written(count, workers, seconds, seconds / count * 1e6, steady * 1e6, max(peaks), digest)


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
