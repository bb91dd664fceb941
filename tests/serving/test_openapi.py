"""Schemathesis sends what the OpenAPI document allows and what it forbids, and finds no answer that it does not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Running, running

TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def server(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens.write_text(f"tester {TOKEN} 600000\n", encoding="utf-8")
    tokens.chmod(0o600)
    with running("--model", str(tiny_bundle), "--token-file", str(tokens)) as server:
        yield server


def schemathesis(server: Running, folder: Path, examples: int) -> None:
    config = Path(__file__).with_name("schemathesis.toml")
    arguments = ["--config-file", str(config), "run", f"{server.url}/openapi.json", "--checks", "all"]
    arguments += ["--header", f"Authorization: Bearer {TOKEN}", "--max-examples", str(examples), "--seed", "1"]
    arguments += ["--max-response-time", "5", "--generation-database", "none", "--suppress-health-check", "all"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), *arguments], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
    assert not any("Traceback" in line for line in server.log)


def test_nothing_is_found(server: Running, tmp_path: Path) -> None:
    schemathesis(server, tmp_path, 15)


@pytest.mark.long
def test_nothing_is_found_in_many_more(server: Running, tmp_path: Path) -> None:
    schemathesis(server, tmp_path, 1000)
