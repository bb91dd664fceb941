"""No password, token or key gets into a run or a sentence."""

import json
import sys
from pathlib import Path

import pytest

from captcha_core.errors import RegistryError
from captcha_core.tracking.connect import client, connect
from captcha_core.tracking.redact import masked
from captcha_core.tracking.runs import OUTBOX, start_run

PASSWORD = "hunter2-hunter2"
AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
GITHUB = "ghp_" + "a1" * 18
WEB = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJtZSJ9", "c2lnbmF0dXJl"))
TEXTS = {
    f"postgresql://me:{PASSWORD}@db.example/mlflow": "postgresql://me:***@db.example/mlflow",
    f"https://:{PASSWORD}@host": "https://:***@host",
    f"train --set api_key={PASSWORD} --minutes 3": "train --set api_key=*** --minutes 3",
    f"--password {PASSWORD} --out x": "--password *** --out x",
    f"MLFLOW_TRACKING_TOKEN={PASSWORD}": "MLFLOW_TRACKING_TOKEN=***",
    f"Authorization: Bearer {PASSWORD}": "Authorization: Bearer ***",
    f"{{'aws_secret_access_key': '{PASSWORD}'}}": "{'aws_secret_access_key': '***'}",
    f"http://host/?x=1&token={PASSWORD}&y=2": "http://host/?x=1&token=***&y=2",
    f"key {AWS} of {GITHUB} and {WEB}": "key *** of *** and ***",
}
PLAIN = [
    "captchalab train --preset digits4 --set learning_rate=0.002 --set options.filters=[16,32]",
    "models:/captcha-digits4@champion",
    "https://example.org:8443/mlflow",
    "serve --token-file tokens --host 0.0.0.0",
    "file:///srv/data/mine@home",
    "2026-01-01T00:00:00 key: value, tokens per second 30",
]


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_become_stars(text: str) -> None:
    assert masked(text) == TEXTS[text]
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize("text", PLAIN)
def test_everything_else_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("keep", [False, True])
def test_a_run_holds_no_secret(empty_folder: Path, monkeypatch: pytest.MonkeyPatch, keep: bool) -> None:
    uri = f"http://me:{PASSWORD}@tracking.example"
    monkeypatch.setattr(sys, "argv", ["captchalab", "train", "--data", uri, "--set", f"token={PASSWORD}", AWS])
    tags = {"captchalab.preset": uri}
    outbox = empty_folder / "runs" if keep else None
    with pytest.raises(RuntimeError), start_run("some", tags, keep=outbox) as run:
        run.params({"data": uri, "nested": {"password": PASSWORD}, "seed": 3, "list": [f"api-key={GITHUB}"]})
        run.tags({"more": f"Bearer {PASSWORD}"})
        run.data("some", "0" * 64, uri, {"train": 1}, "training")
        raise RuntimeError(f"cannot reach {uri}")
    logged = client().get_run(run.id)
    everything = json.dumps(logged.to_dictionary()) + json.dumps(
        [one.dataset.source for one in logged.inputs.dataset_inputs]
    )
    assert not [secret for secret in (PASSWORD, AWS, GITHUB) if secret in everything]
    assert logged.data.params["seed"] == "3" and logged.data.params["nested.password"] == "***"
    assert "token=***" in logged.data.tags["captchalab.command"]
    on_disk = [path.read_bytes().decode(errors="replace") for path in empty_folder.glob(f"runs/*/{OUTBOX}")]
    assert len(on_disk) == keep and PASSWORD not in "".join(on_disk)


def test_a_tracking_address_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{PASSWORD}@127.0.0.1:9")
    with pytest.raises(RegistryError) as told:
        connect()
    assert "me:***@127.0.0.1:9" in str(told.value) and PASSWORD not in str(told.value)
