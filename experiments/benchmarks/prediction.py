"""Does an assessment foretell what happens on a site? Captchas judged here, then others sent to the demo site's form.

For each scheme the builtin reader reads some captchas, which gives a share and, for another sample of this size, the
range in which its share lies 19 times of 20. Then it reads others over HTTP and sends every answer; the site says
whether it was accepted.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from captcha_core.assessment.stock import READERS, Read
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion, wilson_interval
from captcha_core.registry.versions import BUILTIN
from captcha_core.sources.answer_site import AnswerSite
from captcha_core.sources.demo_site import DemoSite
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme

SEED = 2**36  # of what is judged here; the site draws from another
SCHEMES = ("digits4", "alnum4", "alnum6", "touching", "wavy", "nthu6", "textured", "fonts")


def run(schemes: Sequence[str] = SCHEMES, count: int = 300) -> dict[str, Any]:
    """Predict and measure the success per submission for captchas of these schemes, ``count`` of each twice."""
    rows = [_row(get_scheme(name), count) for name in schemes]
    return {"suite": "prediction", "inside": sum(row["inside"] for row in rows), "of": len(rows), "rows": rows}


def table(result: Mapping[str, Any]) -> str:
    """Return the rows as text."""
    lines = [f"{'scheme':10} {'predicted':>9} {'range':>16} {'on the site':>11}  n"]
    for row in result["rows"]:
        low, high = row["range"]
        span = f"{100 * low:.1f} to {100 * high:.1f}"
        shares = f"{100 * row['predicted']:9.1f} {span:>16} {100 * row['measured']:11.1f}"
        lines.append(f"{row['scheme']:10} {shares}  {row['n']} {'' if row['inside'] else 'outside'}")
    return "\n".join([*lines, f"{result['inside']} of {result['of']} inside"])


def _row(scheme: Scheme, count: int) -> dict[str, Any]:
    read = READERS[BUILTIN].make(scheme.spec)
    known = draw_samples(scheme, SEED, range(count))
    charset = scheme.spec.charset
    hits = sum(_text(read, one.media, scheme) == charset.normalise(one.text or "") for one in known)
    with DemoSite(scheme, seed=1) as site, AnswerSite(site.url) as form:
        shown = (form.captcha() for _ in range(count))
        accepted = sum(form.accepts(name, _text(read, media, scheme) or "") for name, media in shown)
    low, high = range_of_another(Proportion(hits, count))
    return {
        "scheme": scheme.name, "n": count, "predicted": hits / count, "range": (low, high),
        "measured": accepted / count, "inside": low <= accepted / count <= high,
    }  # fmt: skip


def range_of_another(share: Proportion) -> tuple[float, float]:
    """Return where the share of another sample of the same size lies 19 times of 20: both samples are chance."""
    low, high = wilson_interval(share.hits, share.n)
    middle = share.value
    return max(0.0, middle - math.sqrt(2) * (middle - low)), min(1.0, middle + math.sqrt(2) * (high - middle))


def _text(read: Read, media: bytes, scheme: Scheme) -> str | None:
    try:
        return scheme.spec.charset.normalised(read(media)[0])
    except DataError:
        return None
