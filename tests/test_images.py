"""The container images: Dockerfile and compose.yaml say what the tools for them expect, and they are built and run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.tools import buildah, compose
from experiments.tools.processes import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_no_image_ends_as_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:]
    assert [re.findall(r"^USER (\S+)", stage, re.M)[-1] for stage in stages] == ["captchalab", "captchalab"]


def test_every_service_has_a_health_check_and_what_it_waits_for_is_healthy() -> None:
    services = compose.described()
    assert [name for name, told in services.items() if "healthcheck" not in told] == []
    waits = [one for told in services.values() for one in (told.get("depends_on") or {}).values()]
    assert {one["condition"] for one in waits} == {"service_healthy"}
    assert [name for name, told in services.items() if "user" in told] == []


def test_the_first_command_of_the_small_image_may_be_asked_from_outside() -> None:
    (command, *_) = re.findall(r"^CMD (.*)$", DOCKERFILE, re.M)
    assert '"0.0.0.0", "--token-file"' in command, "a port of a container is of use only there"


def test_pip_builds_with_this_machines_settings_and_sees_the_folders_that_they_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, wheels = tmp_path / "mirror" / "simple", tmp_path / "wheels"
    index.mkdir(parents=True)
    wheels.mkdir()
    listed = f":env:.find-links='{wheels}'\nglobal.extra-index-url='file://{index}'\nglobal.find-links='/nowhere'\n"
    monkeypatch.setattr(buildah, "output_of", lambda _: listed)
    settings, paths = buildah.pip_settings(tmp_path)
    assert paths == [str(index.parent), str(wheels)], "the files of an index lie beside it"
    assert f"find-links = {wheels}\n" in settings.read_text(encoding="utf-8"), "variables overrule files"


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_the_images_are_built_and_run() -> None:
    if reason := buildah.missing():
        pytest.skip(reason)
    done = subprocess.run([sys.executable, "-m", "experiments.tools.images"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    print(done.stdout)
