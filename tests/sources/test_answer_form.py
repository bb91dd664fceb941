"""The demo site's form: a captcha dies with its last try, nothing is accepted twice, a minute takes so many answers."""

import json
import urllib.error
import urllib.parse
import urllib.request

from captcha_core.sources.answer_form import OPEN, AnswerForm
from captcha_core.sources.demo_site import DemoSite
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample


def test_an_accepted_answer_cannot_be_sent_again(tiny_spec: CaptchaSpec) -> None:
    form = AnswerForm(tiny_spec)
    form.show("a", "01")
    assert [form.judge("a", " 01 "), form.judge("a", "01"), form.judge("never", "01")] == ["accepted", "gone", "gone"]


def test_a_captcha_dies_with_its_last_try(tiny_spec: CaptchaSpec) -> None:
    form = AnswerForm(tiny_spec, tries=3)
    form.show("a", "01")
    assert [form.judge("a", "zz") for _ in range(4)] == ["refused", "refused", "refused", "gone"]
    form.show("b", "01")
    assert [form.judge("b", "11"), form.judge("b", "01")] == ["refused", "accepted"]


def test_a_minute_takes_so_many_answers(tiny_spec: CaptchaSpec) -> None:
    now = [0.0]
    form = AnswerForm(tiny_spec, tries=9, per_minute=2, clock=lambda: now[0])
    form.show("a", "01")
    assert [form.judge("a", "11") for _ in range(3)] == ["refused", "refused", "wait"]
    now[0] = 59.9
    assert form.judge("a", "01") == "wait"
    now[0] = 60.0
    assert form.judge("a", "01") == "accepted"


def test_what_waits_is_bounded(tiny_spec: CaptchaSpec) -> None:
    form = AnswerForm(tiny_spec)
    for number in range(OPEN + 5):
        form.show(str(number), "01")
    assert form.judge("0", "01") == "gone" and form.judge(str(OPEN), "01") == "accepted"


def test_the_site_judges_what_its_pictures_say() -> None:
    with DemoSite(get_scheme("digits4")) as site:
        media = urllib.request.urlopen(f"{site.url}captcha.png?mine").read()
        text = site.truth[Sample(media, None).id]
        assert sent(site, "mine", text[::-1] if text != text[::-1] else "0000x") == (403, "refused")
        assert sent(site, "mine", text) == (410, "gone")
        urllib.request.urlopen(f"{site.url}captcha.png?other").read()
        assert sent(site, "other", list(site.truth.values())[-1]) == (200, "accepted")


def sent(site: DemoSite, name: str, text: str) -> tuple[int, str]:
    body = urllib.parse.urlencode({"captcha": name, "text": text}).encode()
    try:
        with urllib.request.urlopen(f"{site.url}answer", body) as answer:
            return answer.status, json.load(answer)["answer"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["answer"]
