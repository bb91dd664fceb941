"""The tracking server away in a training and in a search; ``benchmark reliability`` does it for longer."""

from pathlib import Path

import pytest

from experiments.faults.away import HOWS, away_in_search, away_in_training, killed_while_away

AWAY_S = 5.0
IMPATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "2", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


@pytest.mark.long
def test_what_waits_survives_a_kill_and_repair_sends_it(tmp_path: Path) -> None:
    found = killed_while_away(tmp_path, more=IMPATIENT)
    assert found["sent_by_repair"] >= found["epochs_at_the_kill"] - 1 > 2


@pytest.mark.long
@pytest.mark.parametrize("how", HOWS)
def test_a_training_goes_on(tmp_path: Path, how: str) -> None:
    assert away_in_training(tmp_path, how, AWAY_S, IMPATIENT)["epochs_while_away"] > 0


@pytest.mark.long
@pytest.mark.parametrize("how", HOWS)
def test_a_search_goes_on(tmp_path: Path, how: str) -> None:
    assert away_in_search(tmp_path, how, AWAY_S, IMPATIENT)["trials"] == 6
