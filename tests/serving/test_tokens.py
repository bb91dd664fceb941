"""Token files, and who is let in how often."""

import multiprocessing
from pathlib import Path

import pytest

from captcha_core.errors import SpecError
from captcha_core.serving.tokens import Tokens

SECRET, OTHER = "s" * 24, "t" * 24


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_file_with_names_rates_and_comments(tmp_path: Path) -> None:
    tokens = Tokens.load(write(tmp_path / "t", f"# who may ask\nada {SECRET}\n\nbob\t{OTHER} 60  # slow\n"))
    assert [(token.name, token.per_minute) for token in tokens.tokens] == [("ada", 6000), ("bob", 60)]
    found = tokens.find(f"Bearer {OTHER}")
    assert found is not None and found.name == "bob"
    assert tokens.find(f"bearer {SECRET}") is tokens.tokens[0]
    for header in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {SECRET}",
        SECRET,
        f"Bearer {SECRET[:-1]}",
        f"Bearer {SECRET}x",
        "Bearer \xff",
    ):
        assert tokens.find(header) is None


def test_a_token_with_a_number_sign_is_whole(tmp_path: Path) -> None:
    secret = f"{SECRET}#{OTHER}"
    tokens = Tokens.load(write(tmp_path / "t", f"ada {secret} 60 # slow\nbob {OTHER}#\t# too\n"))
    assert tokens.find(f"Bearer {secret}") is tokens.tokens[0]
    assert tokens.find(f"Bearer {SECRET}") is None, "what stands before the sign is no token"
    assert tokens.find(f"Bearer {OTHER}#") is tokens.tokens[1]


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    assert SECRET not in repr(Tokens.load(write(tmp_path / "t", f"ada {SECRET}\n")))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SpecError, match=r"only its owner can read, received mode .*chmod 600"):
        Tokens.load(write(tmp_path / "t", f"ada {SECRET}\n", mode))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a line NAME TOKEN"),
        ("# nobody\n", "expected a line NAME TOKEN"),
        ("ada short\n", "at least 16 printable ASCII characters in line 1"),
        (f"ok {SECRET}\nada {OTHER} often\n", "line 2"),
        (f"ada {SECRET} 0\n", "line 1"),
        (f"ada {SECRET} 60 more\n", "line 1"),
        (f"ada {SECRET}\u00e9\n", "printable ASCII characters in line 1"),
        (f"ada {SECRET} {'9' * 400}\n", "line 1"),
        (f"{SECRET}\n", "line 1"),
    ],
)
def test_lines_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as refusal:
        Tokens.load(write(tmp_path / "t", text))
    assert SECRET not in str(refusal.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t", "")
    path.write_bytes(b"ada \xff\xfe" + SECRET.encode())
    with pytest.raises(SpecError, match="printable ASCII characters in line 1"):
        Tokens.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="expected a token file"):
        Tokens.load(tmp_path / "none")


def test_a_rate_allows_a_burst_and_then_its_pace(tmp_path: Path) -> None:
    token = Tokens.load(write(tmp_path / "t", f"ada {SECRET} 60\n")).tokens[0]
    now = 100.0
    assert [token.take(now) for _ in range(6)] == [0.0] * 6
    assert token.take(now) == pytest.approx(1.0)
    assert token.take(now + 0.5) == pytest.approx(0.5)
    assert token.take(now + 1.0) == 0.0
    assert token.take(now + 1.0) > 0
    assert [token.take(now + 3600) for _ in range(6)] == [0.0] * 6, "a long rest gives one burst, not an hour's"
    assert token.take(now + 3600) > 0


def test_a_slow_rate_still_lets_the_first_through(tmp_path: Path) -> None:
    token = Tokens.load(write(tmp_path / "t", f"ada {SECRET} 1\n")).tokens[0]
    assert token.take(5.0) == 0.0
    assert token.take(6.0) == pytest.approx(59.0)


def test_processes_share_a_rate(tmp_path: Path) -> None:
    memory = multiprocessing.get_context("spawn").RawArray("d", 4)
    path = write(tmp_path / "t", f"ada {SECRET} 20\nbob {OTHER} 20\n")
    (ada, bob), (ada_elsewhere, _) = (Tokens.load(path).sharing(memory).tokens for _ in range(2))
    assert [token.take(now=100.0) > 0 for token in (ada, ada_elsewhere, ada, ada_elsewhere)] == [
        False,
        False,
        True,
        True,
    ]
    assert bob.take(now=100.0) == 0, "each caller has a rate of their own"
