"""The wheel alone, away from the checkout: it installs, and its commands find all that they need."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from experiments.benchmarks import install

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.long


def run(*words: str | Path, cwd: Path) -> str:
    """Run a command that knows nothing of the checkout, and return what it printed."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=out)  # the wheel is built from the sdist
    return out


def installed(folder: Path, dist: Path, *options: str | Path, extra: str = "") -> Path:
    """Install the wheel into a fresh environment and return the folder of its programs."""
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / "bin"
    (wheel,) = dist.glob("*.whl")
    what = f"{wheel}[{extra}]" if extra else wheel
    run(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *options, what, cwd=folder)
    return programs


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Path:
    """An environment with the wheel alone; the packages that it needs are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    programs = installed(folder, dist, "--no-deps")
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    here = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "packages.pth").write_text("".join(f"{path}\n" for path in here), encoding="utf-8")
    return programs


def test_one_sdist_and_one_wheel_without_the_tests(dist: Path) -> None:
    assert sorted(path.suffix for path in dist.iterdir()) == [".gz", ".whl"]


def test_its_commands_work_in_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    ours = programs / "captchalab"
    where = run(programs / "python", "-c", "import captcha_core; print(captcha_core.__file__)", cwd=tmp_path)
    assert where.startswith(str(programs.parent)), "not the checkout"
    assert "digits4" in run(ours, "presets", cwd=tmp_path)
    run(ours, "generate", "--scheme", "digits4", "--count", "20", "--out", "data/a", "--workers", "1", cwd=tmp_path)
    run(
        ours, "generate", "--scheme", "speech-alnum8", "--count", "2", "--out", "data/b", "--workers", "1", cwd=tmp_path
    )
    run(ours, "preview", "data/a", "--out", "a.png", cwd=tmp_path)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "FAIL" not in run(ours, "doctor", cwd=tmp_path)


def test_its_dashboard_starts_with_its_style(programs: Path, tmp_path: Path) -> None:
    with _served(programs / "captchalab", tmp_path) as url, urllib.request.urlopen(f"{url}/", timeout=10) as page:
        assert b"Streamlit" in page.read()
    (site,) = (programs.parent / "lib").glob("python*/site-packages")
    for name in ("style.css", "icon.svg", "wordmark.svg", ".streamlit/config.toml"):
        assert (site / "dashboard" / name).stat().st_size


class _served:
    """A server on a free port, as long as the block lasts."""

    def __init__(
        self, program: Path, folder: Path, words: tuple[str, ...] = ("dashboard",), health: str = "/_stcore/health"
    ) -> None:
        self.health = health
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
        command = [str(program), *words, "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> str:
        url, ends = f"http://127.0.0.1:{self.port}", time.monotonic() + 120
        for _ in self._attempts(ends):
            try:
                with urllib.request.urlopen(f"{url}{self.health}", timeout=5) as health:
                    if health.status == 200:
                        return url
            except OSError:
                continue
        self.process.kill()
        raise AssertionError(self.process.communicate()[0].decode(errors="replace")[-2000:])

    def _attempts(self, ends: float) -> Iterator[None]:
        while time.monotonic() < ends and self.process.poll() is None:
            time.sleep(0.5)
            yield

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Path:
    """An environment with what a plain ``pip install captchalab`` brings."""
    return installed(tmp_path_factory.mktemp("bare"), dist, "-c", ROOT / "constraints.txt")


def test_the_core_alone_solves_and_serves(bare: Path, tmp_path: Path) -> None:
    ours = bare / "captchalab"
    Image.new("L", (160, 60), 255).save(tmp_path / "empty.png")
    assert "FAIL" not in run(ours, "doctor", cwd=tmp_path)
    assert run(ours, "solve", "empty.png", cwd=tmp_path).startswith("empty.png\t")
    with _served(ours, tmp_path, ("serve", "--model", "builtin"), "/health/ready") as url:
        asked = urllib.request.Request(f"{url}/solve", data=(tmp_path / "empty.png").read_bytes())
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert "text" in json.load(answer)


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("import", "x", "--out", "y"), "data"),
        (("train", "--preset", "digits4"), "train"),
        (("dashboard",), "dashboard"),
    ],
)
def test_the_core_alone_names_the_extra_that_is_missing(
    bare: Path, tmp_path: Path, words: tuple[str, ...], extra: str
) -> None:
    done = subprocess.run([bare / "captchalab", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and not any(tmp_path.iterdir())
    assert f"run pip install 'captchalab[{extra}]'." in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_core_on_other_pythons(version: str, dist: Path, tmp_path: Path) -> None:
    python = interpreter(version)
    run(python, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    pip = [tmp_path / "env" / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run(*pip, "-c", ROOT / "constraints.txt", next(dist.glob("*.whl")), cwd=tmp_path)
    Image.new("L", (160, 60), 255).save(tmp_path / "empty.png")
    ours = tmp_path / "env" / "bin" / "captchalab"
    assert f"Python {version}." in run(ours, "doctor", cwd=tmp_path)
    assert run(ours, "solve", "empty.png", cwd=tmp_path).startswith("empty.png\t")


def interpreter(version: str) -> Path:
    """Return a Python of this machine, on the path or among pyenv's; without one the test is skipped."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    for python in filter(None, found):
        if subprocess.run([python, "-V"], capture_output=True).returncode == 0:  # pyenv's own stand-in may refuse
            return Path(python)
    pytest.skip(f"no Python {version} here")


def test_from_nothing_to_a_first_captcha_takes_seconds(dist: Path) -> None:
    result = install.run(wheel=str(next(dist.glob("*.whl"))))
    print(install.table(result))
    assert result["size_mib"] < 400
    assert result["install_processor_s"] + result["solve_processor_s"] < 2 * 25, "25 s on two processors"


def test_it_installs_with_all_that_it_needs(tmp_path: Path, dist: Path) -> None:
    programs = installed(tmp_path, dist, "-c", ROOT / "constraints.txt", extra="train")
    work = tmp_path / "work"
    work.mkdir()
    assert "FAIL" not in run(programs / "captchalab", "doctor", cwd=work)
    run(programs / "captchalab", "generate", "--scheme", "digits4", "--count", "20", "--out", "d", cwd=work)
