"""The command line: a name for each step. Heavy libraries are imported by the steps that use them."""

import sys
import traceback

import click
import typer

from captcha_core.errors import CaptchaError
from experiments import serve

app = typer.Typer(
    name="captchalab",
    help="Experiments in captcha recognition: generate, train, compare, promote, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS: dict[str, object] = {"serve": serve.serve}
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)  # type: ignore[type-var]


@app.callback()
def options(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
    """Experiments in captcha recognition: generate, train, compare, promote, serve."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; turn what goes wrong into one sentence and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    try:
        code = app(args=arguments, standalone_mode=False)
    except click.ClickException as error:  # wrong usage: click says what and exits with 2
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("stopped.", file=sys.stderr)
        sys.exit(130)
    except CaptchaError as error:
        _fail(str(error), debug)
    except MemoryError:
        _fail("expected enough memory, received none; use smaller batches or fewer workers.", debug)
    except OSError as error:
        _fail(f"expected a usable file system or network, received {error}; see to that and run again.", debug)
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error} (a fault of ours: --debug shows the traceback).", debug)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(f"Error: {sentence}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
