"""How fast and in how much memory data sets are written: one worker and two, and a million samples."""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import read_manifest
from experiments.tools.processes import STDOUT, CommandFailed, memory_mib, start, stderr_of, wait_for

SCHEME = "digits4"
POLL_S = 0.2
STEADY = "steady_microseconds_per_sample"


def run(count: int = 100_000, long: bool = False, folder: str = "") -> dict[str, Any]:
    """Write with one and two workers, and (``long``) write a million.

    Args:
        long: Also write 1,000,000 samples with two workers, and 10,000 (the median of five runs) and 1,000,000 with
            one, for the time per sample: some 6 GB of disk.
    """
    with tempfile.TemporaryDirectory(dir=folder or None) as place:
        root = Path(place)
        runs = [measure(root, count, workers) for workers in (1, 2)]
        result: dict[str, Any] = {
            "scheme": SCHEME,
            "runs": runs,
            "equal_digests": runs[0]["digest"] == runs[1]["digest"],
        }
        if long:
            both = measure(root, 1_000_000, 2)
            few = sorted((measure(root, 10_000, 1) for _ in range(5)), key=lambda one: one[STEADY])[2]
            many = measure(root, 1_000_000, 1)
            result["long"] = {
                "runs": [both, few, many],
                "time_per_sample_ratio": many[STEADY] / few[STEADY],
            }
        return result


def measure(root: Path, count: int, workers: int) -> dict[str, Any]:
    """Write a data set in a process of its own, and remove it.

    Memory is that of all its processes together at its highest. ``microseconds_per_sample`` counts everything,
    ``steady_microseconds_per_sample`` the time from the first shard to the last: start-up left out.

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
    return {
        "count": count,
        "workers": workers,
        "seconds": seconds,
        "microseconds_per_sample": seconds / count * 1e6,
        STEADY: steady * 1e6,
        "peak_mib": max(peaks),
        "digest": digest,
    }


def _steady_seconds_per_sample(out: Path) -> float:
    """Return the time from the first shard number to the last over the samples that came in it (0 for one number)."""
    rows: dict[str, int] = {}
    done: dict[str, float] = {}
    for name, shard in read_manifest(out).shards.items():
        number = Path(name).stem
        rows[number] = rows.get(number, 0) + shard.rows
        done[number] = max(done.get(number, 0.0), (out / name).stat().st_mtime)
    first, last = min(done, key=done.__getitem__), max(done.values())
    samples = sum(rows.values()) - rows[first]
    return (last - done[first]) / samples if samples else 0.0
