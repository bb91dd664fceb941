"""What wrk prints, as numbers."""

import pytest

from experiments.benchmarks.serving import parse

TEXT = """\
  Latency Distribution
     50%  {p50}
     75%   40.02ms
     99%  {p99}
  12345 requests in 10.00s, 3.21MB read
{other}Requests/sec:   1234.56
"""


@pytest.mark.parametrize(
    ("p50", "p99", "other", "expected"),
    [
        ("83.00us", "1.42ms", "", (0.083, 1.42, 0.0)),
        ("38.59ms", "1.20s", "  Non-2xx or 3xx responses: 77\n", (38.59, 1200.0, 77.0)),
    ],
)
def test_units_and_refusals(p50: str, p99: str, other: str, expected: tuple[float, float, float]) -> None:
    row = parse(TEXT.format(p50=p50, p99=p99, other=other))
    assert (row["p50_ms"], row["p99_ms"], row["not_2xx"]) == pytest.approx(expected)
    assert row["requests_a_second"] == 1234.56


def test_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the output of wrk"):
        parse("unable to connect")
