"""The wheel alone, away from the checkout: it installs, and its commands find all that they need."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def installed(folder: Path, dist: Path, *options: str | Path) -> Path:
    """Install the wheel into a fresh environment and return the folder of its programs."""
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / "bin"
    (wheel,) = dist.glob("*.whl")
    run(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *options, wheel, cwd=folder)
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
    """A dashboard on a free port, as long as the block lasts."""

    def __init__(self, program: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
        command = [str(program), "dashboard", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> str:
        url, ends = f"http://127.0.0.1:{self.port}", time.monotonic() + 120
        for _ in self._attempts(ends):
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as health:
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


def test_it_installs_with_all_that_it_needs(tmp_path: Path, dist: Path) -> None:
    programs = installed(tmp_path, dist, "-c", ROOT / "constraints.txt")
    work = tmp_path / "work"
    work.mkdir()
    assert "FAIL" not in run(programs / "captchalab", "doctor", cwd=work)
    run(programs / "captchalab", "generate", "--scheme", "digits4", "--count", "20", "--out", "d", cwd=work)
