"""What the dashboard says of a data set."""

import pytest

from captcha_core.sources.schemes import get_scheme
from dashboard.data_sets.contents import describe


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("digits4", "Images of 60 x 160 pixels (height x width), grey; texts of 4 characters, out of 10: 0123456789"),
        ("audio-digits", "Clips of up to 30 s at 8,000 Hz; texts of 4 to 8 characters, out of 10: 0123456789"),
    ],
)
def test_a_specification_in_a_line(name: str, line: str) -> None:
    assert describe(get_scheme(name).spec) == line


def test_case_is_named_where_letters_have_one() -> None:
    assert describe(get_scheme("alnum4").spec).endswith(", capital or not")
    assert "capital" not in describe(get_scheme("alnum6").spec)  # both cases are characters of it
    assert "capital" not in describe(get_scheme("digits4").spec.model_copy(update={"case_sensitive": False}))
