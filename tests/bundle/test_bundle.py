"""A bundle opens only as it was written."""

import hashlib
import shutil
from pathlib import Path

import pytest

from captcha_core.bundle.bundle import FILES, SUMS, Bundle
from captcha_core.errors import ModelError


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def test_it_holds_plain_files_only(bundle: Path) -> None:
    assert {path.name for path in bundle.iterdir()} == {*FILES, SUMS}


def test_it_opens_with_its_own_digest(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    assert Bundle.open(bundle, opened.digest).spec == opened.spec
    assert opened.metrics["validation"]["val_exact_match"] > 0.9


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(bundle: Path, name: str) -> None:
    with (bundle / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelError, match=rf"received bundle with {name} changed"):
        Bundle.open(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_lost_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} lost"):
        Bundle.open(bundle)


def test_an_added_file_is_refused(bundle: Path) -> None:
    (bundle / "extra.py").write_text("print('hello')", encoding="utf-8")
    with pytest.raises(ModelError, match="extra.py added"):
        Bundle.open(bundle)


def test_sums_that_were_exchanged_along_are_refused(bundle: Path) -> None:
    registered = Bundle.open(bundle).digest
    _rewrite(bundle, "metrics.json", "{}")
    with pytest.raises(ModelError, match="expected the bundle that was registered"):
        Bundle.open(bundle, registered)


def test_an_unknown_setting_is_refused(bundle: Path) -> None:
    config = (bundle / "config.json").read_text(encoding="utf-8")
    _rewrite(bundle, "config.json", config.replace('"head"', '"code": "os.system", "head"'))
    with pytest.raises(ModelError, match="expected a valid configuration in bundle, received 'os.system' for code"):
        Bundle.open(bundle)


def _rewrite(bundle: Path, name: str, content: str) -> None:
    """Change a file and its sum, as somebody would who knows how bundles are made."""
    before = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    (bundle / name).write_text(content, encoding="utf-8")
    after = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    (bundle / SUMS).write_text((bundle / SUMS).read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ModelError, match="expected a model bundle"):
        Bundle.open(tmp_path / path)
