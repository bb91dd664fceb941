"""captchalab presets and schemes: what can be trained and drawn by name."""

from typing import Annotated

import typer


def presets() -> None:
    """List the presets."""
    from captcha_core.presets.preset import load_preset, preset_names

    for name in preset_names():
        print(f"{name:<16}{load_preset(name).description}")


def schemes(
    name: Annotated[str, typer.Argument(help="Scheme to print as a YAML file, with all of its knobs.")] = "",
) -> None:
    """List the schemes, or print one as a YAML file to make another from.

    Such a file takes the place of a scheme's name: generate --scheme, preview, train and tune --preset.
    """
    from captcha_core.sources.scheme_files import as_yaml
    from captcha_core.sources.schemes import SCHEMES, get_scheme

    if name:
        scheme = get_scheme(name)
        base = (
            name if name in SCHEMES else next(n for n, s in SCHEMES.items() if isinstance(scheme.knobs, type(s.knobs)))
        )
        print(as_yaml(scheme.model_copy(update={"name": f"my-{scheme.name}"}), base), end="")
        return
    for known, scheme in SCHEMES.items():
        print(f"{known:<16}{scheme.description}")
