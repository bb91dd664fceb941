"""Who is at work where the system knows no name."""

import getpass

import pytest

from captcha_core.tracking.provenance import user


@pytest.mark.parametrize("fault", [KeyError("uid not found: 54321"), OSError("no name"), None])
def test_there_is_always_a_name(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    def getuser() -> str:
        if fault is not None:
            raise fault
        return "ada"

    monkeypatch.setattr(getpass, "getuser", getuser)
    assert user() == ("unknown" if fault else "ada")
