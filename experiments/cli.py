"""The command line: a name for each step. Heavy libraries are imported by the steps that use them."""

import functools
import gc
import io
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from captcha_core.errors import CaptchaError
from captcha_core.extras import missing_extra, require
from captcha_core.interrupts import ignored, never_dropped, terminable
from captcha_core.plugins import add_plugins
from captcha_core.temporary import temporary_folder
from experiments.commands.assess import assess
from experiments.commands.audit import audit
from experiments.commands.benchmark import benchmark
from experiments.commands.collect import collect
from experiments.commands.compare import compare
from experiments.commands.dashboard import dashboard
from experiments.commands.demo_site import demo_site
from experiments.commands.diff import diff
from experiments.commands.doctor import doctor
from experiments.commands.drift import drift
from experiments.commands.evaluate import evaluate
from experiments.commands.export import export
from experiments.commands.export_data import export_data
from experiments.commands.generate import generate
from experiments.commands.history import history
from experiments.commands.imitate import imitate
from experiments.commands.import_data import import_data
from experiments.commands.init import init
from experiments.commands.knobs import knobs
from experiments.commands.lab import lab
from experiments.commands.labels import labels
from experiments.commands.league import league
from experiments.commands.learn_from_answers import learn_from_answers
from experiments.commands.letters import letters
from experiments.commands.move_runs import move_runs
from experiments.commands.pipeline import pipeline
from experiments.commands.presets import presets, schemes
from experiments.commands.preview import preview
from experiments.commands.promote import promote
from experiments.commands.pseudo_label import pseudo_label
from experiments.commands.rerun import rerun
from experiments.commands.rollback import rollback
from experiments.commands.serve import serve
from experiments.commands.solve import solve
from experiments.commands.train import train
from experiments.commands.tune import tune
from experiments.commands.zoo import zoo
from experiments.terminal.foreign_errors import TOO_LITTLE_MEMORY, foreign_error

app = typer.Typer(
    name="captchalab",
    help="Experiments in captcha recognition: generate, train, compare, promote, serve.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "init": init,
    "train": train,
    "rerun": rerun,
    "tune": tune,
    "evaluate": evaluate,
    "audit": audit,
    "diff": diff,
    "drift": drift,
    "compare": compare,
    "promote": promote,
    "rollback": rollback,
    "history": history,
    "pipeline": pipeline,
    "assess": assess,
    "knobs": knobs,
    "learn-from-answers": learn_from_answers,
    "solve": solve,
    "dashboard": dashboard,
    "lab": lab,
    "presets": presets,
    "schemes": schemes,
    "imitate": imitate,
    "doctor": doctor,
    "benchmark": benchmark,
    "generate": generate,
    "import": import_data,
    "preview": preview,
    "export": export,
    "export-data": export_data,
    "serve": serve,
    "collect": collect,
    "demo-site": demo_site,
    "letters": letters,
    "league": league,
    "labels": labels,
    "move-runs": move_runs,
    "pseudo-label": pseudo_label,
    "zoo": zoo,
}
NEEDS = {  # the extra without which a command could not end what it begins
    "train": "train",
    "rerun": "train",
    "lab": "lab",
    "tune": "train",
    "pipeline": "train",
    "evaluate": "track",
    "audit": "track",
    "diff": "track",
    "drift": "track",
    "compare": "track",
    "promote": "track",
    "rollback": "track",
    "history": "track",
    "pseudo-label": "track",
    "move-runs": "track",
    "assess": "train",
    "knobs": "train",
    "learn-from-answers": "train",
    "export": "train",
    "dashboard": "dashboard",
    "generate": "draw",
    "imitate": "draw",
    "schemes": "draw",
    "demo-site": "draw",
    "import": "data",
    "preview": "data",
    "letters": "data",
    "labels": "data",
    "export-data": "data",
    "collect": "collect",
}
STOPPED = 130  # exit code after Ctrl-C and after SIGTERM


def _checked(name: str, command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that refuses to begin without its extra; its --help needs none."""

    @functools.wraps(command)
    def checked(*arguments: Any, **options: Any) -> None:
        if name in NEEDS:
            require(NEEDS[name], f"captchalab {name}")
        command(*arguments, **options)

    return checked


for _name, _command in COMMANDS.items():
    app.command(_name)(_checked(_name, _command))


def _print_version(wanted: bool) -> None:
    if wanted:
        from captcha_core import __version__

        print(f"captchalab {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
    ),
    _debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    plugin: list[str] = typer.Option(
        [], metavar="MODULE", help="Use a module's own networks, schemes, voices and sources; may be repeated."
    ),
) -> None:
    """Experiments in captcha recognition: generate, train, compare, promote, serve."""
    add_plugins(plugin)


def main(arguments: list[str] | None = None) -> None:
    """Run a command; turn what goes wrong into one sentence and an exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow writes a greeting to stderr otherwise
    arguments = [_at_home(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    debug = "--debug" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # names of files can hold anything
    try:
        with terminable(), temporary_folder(), never_dropped():
            code = app(args=arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # wrong usage: Typer exports no base class of these
            error.show()
            sys.exit(error.exit_code)
        if debug:
            traceback.print_exc()
        print(f"Error: {_sentence(error)}", file=sys.stderr)
        sys.exit(1)
    if code == STOPPED:
        with ignored():
            gc.collect()  # the stream that feeds TensorFlow: left to the interpreter's end, it keeps that from coming
        print("stopped.", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _at_home(word: str) -> str:
    """Return a word with ``~/`` as the user's folder: shells leave it as it is in ``--out=~/data`` and in quotes."""
    option = re.match(r"(?:--[a-z-]+=)?", word)[0]  # type: ignore[index]  # it matches any word
    path = word.removeprefix(option)
    return option + str(Path(path).expanduser()) if path == "~" or path.startswith("~/") else word


def _sentence(error: Exception) -> str:
    """Return what to say of an error: expected, received, do."""
    if isinstance(error, CaptchaError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (absent := missing_extra(error)):
        return str(absent)
    if isinstance(error, MemoryError):
        return TOO_LITTLE_MEMORY
    if isinstance(error, OSError):
        return f"expected a usable file system or network, received {error}; see to that and run again."
    unexpected = f"unexpected {type(error).__name__}: {error} (a fault of ours: --debug shows the traceback)."
    return foreign_error(error) or unexpected


if __name__ == "__main__":
    main()
