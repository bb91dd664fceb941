"""Captchas that ask what a sum comes to: labels as people write them, and text and answer wherever they are read."""

from pathlib import Path

import pytest

from captcha_core.errors import SpecError
from captcha_core.evaluation.report import Report
from captcha_core.serving.schemas import AnswerBody
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.generate import texts
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import Survey, fit, survey
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.answer import Answer
from captcha_core.spec.arithmetic import answer_of, operators_of
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from tests.serving.fakes import FakeSolver, client_of, service_of
from tests.sources.labelled_files import fill, picture

SUMS = [f"{a}{sign}{b}=" for a in (3, 12, 40) for sign in "+-x" for b in (1, 2, 5, 7)]
SPEC = get_scheme("sums").spec


def look(folder: Path, answer: str | None = None) -> tuple[Survey, CaptchaSpec]:
    overrides = SpecOverrides(answer=answer)  # type: ignore[arg-type]
    seen = survey(list_labelled(folder))
    spec = spec_of(seen, overrides)
    fit(seen, spec)
    return seen, spec


def beside(folder: Path, header: str, rows: list[str]) -> Path:
    fill(folder, {f"{i}.png": picture(str(i)) for i in range(len(rows))})
    (folder / "labels.csv").write_text(
        "\n".join([header, *(f"{i}.png,{row}" for i, row in enumerate(rows))]), encoding="utf-8"
    )
    return folder


def test_sums_in_names(tmp_path: Path) -> None:
    seen, spec = look(fill(tmp_path, {f"{i:03}_{text}.png": picture(text) for i, text in enumerate(SUMS)}))
    assert (spec.answer, spec.alphabet) == ("arithmetic", "0123456789+-=x")
    assert sorted(entry.text or "" for entry in seen.entries) == sorted(SUMS)


def test_sums_that_name_folders(tmp_path: Path) -> None:
    files = {f"{text}/{i}.png": picture(f"{text}{i}") for text in SUMS for i in range(2)}
    assert look(fill(tmp_path, files))[1].answer == "arithmetic"


def test_sums_in_words_with_spaces_in_a_table(tmp_path: Path) -> None:
    rows = [f"{a} plus {b}" for a in ("three", "four", "twelve", "one") for b in ("five", "six")]
    seen, spec = look(beside(tmp_path, "file,text", rows))
    assert spec.answer == "arithmetic" and "fourplussix" in [entry.text for entry in seen.entries]


def test_the_sum_is_read_where_a_table_has_its_answer_too(tmp_path: Path) -> None:
    seen, spec = look(beside(tmp_path, "file,question,answer", [f"{text},{answer_of(text)}" for text in SUMS]))
    assert spec.answer == "arithmetic" and {entry.text for entry in seen.entries} == set(SUMS)


def test_answers_alone_are_a_case_of_their_own(tmp_path: Path) -> None:
    folder = beside(tmp_path, "file,text", [answer_of(text) for text in SUMS])
    assert look(folder)[1].answer == "text"
    with pytest.raises(SpecError, match=r"received answers alone, such as '-2'; write the sum that the picture shows"):
        look(folder, "arithmetic")


def test_a_label_without_an_answer_is_left_out_with_its_reason(tmp_path: Path) -> None:
    seen, spec = look(beside(tmp_path, "file,text", [*SUMS, "7/0="]), "arithmetic")
    assert spec.answer == "arithmetic" and len(seen.files) == len(SUMS)
    assert "division by zero" in seen.rejects[0].reason


def test_a_number_and_a_count_are_no_sum(tmp_path: Path) -> None:
    rows = [f"{1000 + 37 * i}-{i % 7}" for i in range(30)]
    assert look(beside(tmp_path, "file,text", rows))[1].answer == "text"


def test_older_specifications_stay_what_they_were() -> None:
    plain = get_scheme("digits4").spec
    assert "answer" not in plain.to_json() and CaptchaSpec.from_json(plain.to_json()) == plain
    assert CaptchaSpec.from_json(SPEC.to_json()).answer == "arithmetic"
    text = SPEC.model_copy(update={"answer": "text"})
    assert SPEC.difference(text) == "answer 'arithmetic' and 'text'" and text.difference(text) == ""


def test_drawn_sums_have_all_signs_and_whole_answers() -> None:
    drawn = texts(get_scheme("sums"), 3, range(400))
    assert {operators_of(text) for text in drawn} == set("+-×÷")
    assert all(SPEC.label(text) == text and int(answer_of(text)) >= 0 for text in drawn)
    narrow = SPEC.model_copy(update={"alphabet": "0123456789+*=", "max_length": 5, "min_length": 4})
    other = get_scheme("sums").model_copy(update={"spec": narrow})
    assert {operators_of(text) for text in texts(other, 3, range(60))} == set("+×")


def test_exact_match_is_of_text_and_answer(tmp_path: Path) -> None:
    pairs = [("3+4=?", "4+3=?"), ("8÷4=?", "8÷4=?"), ("9-2=?", "9-=?"), ("2×3=?", "2+3=?")]
    samples = [Sample(str(i).encode(), text, f"{i}.png") for i, (text, _) in enumerate(pairs)]
    report = Report(SPEC, samples, [Answer(read, 0.9, (), 1.0).worked_out() for _, read in pairs])
    assert report.exact_match.hits == 1 and report.answers_match is not None and report.answers_match.hits == 2
    assert {sign: share.hits for sign, share in report.by_operator.items()} == {"+": 1, "-": 0, "×": 0, "÷": 1}
    assert report.numbers["answer_exact_match"] == 0.5
    report.write(tmp_path)
    assert (tmp_path / "by_operator.csv").read_text(encoding="utf-8").startswith("operator,exact_match,")


@pytest.mark.parametrize(("text", "found"), [("3+4=?", "7"), ("3+", None)])
def test_the_api_gives_text_and_answer_or_why_there_is_none(text: str, found: str | None) -> None:
    class Sums(FakeSolver):
        def solve(self, media: bytes, limits: object = None) -> Answer:
            return Answer(self.text, 0.9, (), 0.1).worked_out()

    spec = SPEC.model_copy(update={"height_px": 24, "width_px": 60})
    with client_of(service_of(Sums(spec=spec, text=text))) as client:
        body = AnswerBody.model_validate(client.post("/solve", content=picture("1")).json())
    assert (body.text, body.answer) == (text, found)
    assert (body.refusal is None) == (found is not None)
