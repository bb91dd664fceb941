"""The tracking server away in a training and in a search, for AWAY_S=5 seconds."""

import os
from pathlib import Path

import pytest

from tests.rigs.away import FAULTS, TRIALS, away_in_search, away_in_training, killed_while_away

AWAY_S = float(os.environ.get("AWAY_S", "5"))
IMPATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "2", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


@pytest.mark.long
def test_what_waits_survives_a_kill_and_repair_sends_it(tmp_path: Path) -> None:
    found = killed_while_away(tmp_path, IMPATIENT)
    print(f"\nkilled: {found}")
    assert found["sent_by_repair"] >= found["epochs_at_the_kill"] - 1 > 2


@pytest.mark.long
@pytest.mark.parametrize("how", FAULTS)
def test_a_training_goes_on(tmp_path: Path, how: str) -> None:
    found = away_in_training(tmp_path, how, AWAY_S, IMPATIENT)
    print(f"\n{how}: {found}")
    assert found["done_meanwhile"] > 0


@pytest.mark.long
@pytest.mark.parametrize("how", FAULTS)
def test_a_search_goes_on(tmp_path: Path, how: str) -> None:
    found = away_in_search(tmp_path, how, AWAY_S, IMPATIENT)
    print(f"\n{how}: {found}")
    assert found["trials"] == TRIALS
