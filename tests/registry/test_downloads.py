"""Files from a store elsewhere do not fill the disk."""

from pathlib import Path

import mlflow
import pytest

from captcha_core.registry import downloads
from captcha_core.registry.versions import fetched


def test_only_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(artifact_uri: str, dst_path: str) -> str:
        path = Path(dst_path) / "model"
        path.mkdir()
        return str(path)

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", download)
    monkeypatch.setattr(downloads, "_kept", [])
    paths = [fetched(f"s3://bucket/{number}") for number in range(downloads.KEPT + 4)]
    assert [path.is_dir() for path in paths] == [False] * 4 + [True] * downloads.KEPT
