"""captchalab benchmark: measure, and print the figures."""

import json
from importlib import import_module
from typing import Annotated

import typer
from rich.markup import escape

from experiments.terminal.options import Format, check_format, parse_settings

SUITES = {
    "audio": "audio clips and features a second, beside the captcha package; memory",
    "audit": "labels changed and twins planted in data sets, and how many an audit finds; --set data=[DIR]",
    "bootstrap": "few labels by hand, the model labels the rest: exact match after each step",
    "dashboard": "pages with 1,000 runs in a real browser: first and second visit, memory",
    "generation": "pictures a second beside the captcha package; can they be told apart?",
    "install": "the wheel into an empty environment and a first captcha: seconds and size; --set extra=train",
    "imitation": "a scheme fitted to captchas: the builtin reader without and with it, and 25 labels; --set data=[DIR]",
    "inference": "bytes to text beside Keras, ONNX Runtime and ddddocr",
    "large": "training from the shards of a large data set beside training from arrays: images a second, memory",
    "prediction": "success per submission foretold for captchas of eight schemes, and measured on the demo site",
    "readers": "readers without a training, ours beside ddddocr and others: exact match, milliseconds; --data DIR ...",
    "real": "real captchas, pictures or clips: several splits, and the curve over the number of labels; --data DIR ...",
    "recognisers": "speech recognisers without a training on real audio captchas; --data DIR ...",
    "serving": "requests a second beside a bare route and a route of an earlier project",
    "sweep": "trainings over presets or data sets, settings and seeds, in MLflow; --set presets=[digits4]",
    "tuning": "searches: the platform's own time, two workers beside one; --set parts=[letters] --set data=DIR",
    "writing": "writing data sets: workers and memory; --set long=true for a million samples",
}


def benchmark(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="What to measure, of the list above.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument of the suite's run function.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="DIR", help="The suite's data; again for several folders.")
    ] = None,
    format: Format = "text",
) -> None:
    """Run a suite of measurements. Figures are ratios within one run; give it the machine alone."""
    as_json = check_format(format)
    from captcha_core.errors import SpecError
    from captcha_core.native import quiet

    if suite not in SUITES:
        raise SpecError(f"expected a suite of {', '.join(SUITES)}, received {suite!r}; choose one.")
    import inspect

    with quiet():  # of TensorFlow, which some begin with
        module = import_module(f"experiments.benchmarks.{suite}")
    parameters = inspect.signature(module.run).parameters
    arguments = parse_settings(settings)
    if data:
        arguments["data"] = data if len(data) > 1 else data[0]
    if unknown := sorted(set(arguments) - set(parameters)):
        raise SpecError(f"expected KEY=VALUE with a key of {', '.join(sorted(parameters))}, received {unknown[0]!r}.")
    missing = [key for key, it in parameters.items() if it.default is it.empty and key not in arguments]
    if missing:
        raise SpecError(f"expected --set {missing[0]}=... for the suite {suite}, received none; give it.")
    result = module.run(**arguments)
    if as_json or not hasattr(module, "table"):
        print(json.dumps(result, indent=None if as_json else 2))
    else:
        print(module.table(result))


# each suite is a paragraph of the help; escaped, since [digits4] is a tag of Rich's otherwise and would not be shown
LISTED = "\n\n".join(f"{name}: {escape(what)}" for name, what in SUITES.items())
benchmark.__doc__ = f"{benchmark.__doc__}\n\n{LISTED}"
