"""How many of our files one captcha passes: who follows it with a finger opens so many, and no more."""

import asyncio
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest
import typer

from captcha_core.dataset.in_memory import write_samples
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples
from tests.test_library import PRESET

ROOT = Path(__file__).parent.parent
WORDS_TO_FILES = (  # what turns words of the command line into files and their bytes
    "captcha_core/files.py", "captcha_core/sources/archive.py", "captcha_core/sources/expand.py",
    "experiments/terminal/options.py",
)  # fmt: skip
PACKAGES = tuple(f"{ROOT / package}/" for package in ("captcha_core", "experiments", "dashboard"))


@contextmanager
def files_noted() -> Iterator[set[str]]:
    """Collect the files of ours of which a function runs, in this thread and in those that start meanwhile."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGES):
            found.add(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def files_passed(action: Callable[[], object], aside: Collection[str] = ()) -> list[str]:
    """Return the files of ours of which a function runs, imports not counted, nor the files that are set aside."""
    action()  # what it imports is there afterwards
    with files_noted() as found:
        action()
    return sorted(found - set(aside))


def require_at_most(count: int, files: list[str]) -> None:
    """Fail with the list of files where it is longer."""
    assert len(files) <= count, f"{len(files)} files, at most {count} expected:\n" + "\n".join(files)


def test_an_image_from_solve_to_its_answer(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from experiments.commands.solve import solve

    (tmp_path / "captcha.png").write_bytes(tiny_samples(1)[0].media)

    def command() -> None:
        with pytest.raises(typer.Exit):
            solve([str(tmp_path / "captcha.png")], str(tiny_bundle))

    files = files_passed(command, aside=WORDS_TO_FILES)
    assert capsys.readouterr().out
    require_at_most(9, files)


def test_an_image_through_the_api(tiny_bundle: Path) -> None:
    from captcha_core.serving.server import ServerOptions, build_app, build_service

    (sample,) = tiny_samples(1, seed=3)

    async def ask() -> str:
        transport = httpx.ASGITransport(build_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            found.clear()
            answer = await client.post("/solve", content=sample.media)
            return str(answer.json()["text"])

    with files_noted() as found:
        service = build_service(ServerOptions(uris=(str(tiny_bundle),), threads=1))  # its thread is noted, too
        assert asyncio.run(ask()) == sample.text
        files = sorted(found)
    service.workers.close()
    assert {"captcha_core/serving/guard.py", "captcha_core/solver.py"} <= set(files)
    require_at_most(12, files)


def test_a_training_from_its_preset_to_the_registered_version(
    empty_folder: Path, tiny_spec: CaptchaSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    from experiments.commands.train import train

    write_samples(empty_folder / "data" / "tiny", tiny_spec, tiny_samples(80), "test", "0.5/0.25/0.25")
    (empty_folder / "tiny.yaml").write_text(PRESET, encoding="utf-8")
    files = files_passed(lambda: train("tiny.yaml"))
    assert "version 2" in capsys.readouterr().out
    require_at_most(57, files)


def test_an_image_through_the_dashboard(tiny_bundle: Path) -> None:
    from dashboard.solve import solving
    from dashboard.solve.uploads import take
    from dashboard.solvers import Solvers

    (sample,) = tiny_samples(1, seed=3)
    solvers = Solvers()

    def upload() -> None:
        (result,) = solving.read(solvers.get(str(tiny_bundle)), take([(sample.path, sample.media)]).accepted)
        assert result.answer is not None and result.answer.text == sample.text

    files = files_passed(upload)
    assert {"dashboard/solve/uploads.py", "captcha_core/solver.py"} <= set(files)
    require_at_most(11, files)
