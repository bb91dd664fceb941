"""captchalab init: a folder to begin with."""

import re
from pathlib import Path
from typing import Annotated

import typer

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
FROM_READER = "--data data/{name} --minutes $(MINUTES)"
MINUTES = """# make train MINUTES=20: more time where it helps; a training ends when nothing improves
MINUTES ?= 5
"""
FROM_PRESET = "--preset {name}.yaml"
PRESET = """# What `make train` trains; captchalab presets lists others that can be extended.
extends: {base}
description: {name}, from the pictures in captchas/
data: data/{name}
training:
  minutes: 5          # more minutes read more; watch the dashboard for when it stops helping
# network: strip_ctc  # the network of the builtin reader: any width, texts of any length
"""
MAKEFILE = """# make data, train, promote, serve, dashboard: from pictures to a reader that answers over HTTP.
.PHONY: data train promote serve dashboard
# make data IMPORT="--label-from name": options for captchalab import, where it asks which part of the names is the text
IMPORT ?=
{settings}
data:  ## captchas/TEXT.png, or a table of labels beside the pictures
\tcaptchalab import captchas --out data/{name} $(IMPORT)
\tcaptchalab preview data/{name} --out sheet.png

train:
\tcaptchalab train {options}

promote:
\tcaptchalab promote --name captcha-{name} --data data/{name}

serve:
\tcaptchalab serve --model models:/captcha-{name}@champion

dashboard:
\tcaptchalab dashboard
"""
README = """# {name}

A reader for one kind of captcha, made with captchalab and its extras `train` and `dashboard`.

1. Put pictures into `captchas/`, each named after its text (`4821.png`), or with a `labels.csv` beside them. A hundred
   are a start, a thousand are plenty.
2. `make data` imports them and draws `sheet.png` to look at. Where it asks what the text is, give it the option that it
   names: `make data IMPORT="--label-from name"`.
3. `make train` trains for five minutes at most, {way}; every run is in `mlflow.db`.
4. `make promote` makes the newest version the champion if it reads better than the one before.
5. `make serve` answers on port 8000: `curl --data-binary @x.png http://127.0.0.1:8000/solve`.
   `make dashboard` shows runs, mistakes and versions.

Read captchas that you make or own, or whose owner has asked you to.
"""
IGNORED = "data/\nruns/\nmlruns/\nmlartifacts/\nmlflow.db*\nsheet.png\n"


def init(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to make; its name is that of the reader.")],
    base: Annotated[
        str,
        typer.Option(
            "--extends", metavar="PRESET", help="Train as this preset does; by default from the builtin reader."
        ),
    ] = "",
) -> None:
    """Make a folder with a README and five make targets: data, train, promote, serve, dashboard.

    The training starts from the builtin reader; with --extends it follows a preset, which is written to be edited.
    """
    from captcha_core.errors import SpecError
    from captcha_core.files import new_folder
    from captcha_core.presets.preset import load_preset

    place = Path(folder)
    name = place.resolve().name
    if not NAME.fullmatch(name):
        raise SpecError(f"expected a name of small letters, digits and '-', received {name!r}; choose another.")
    files = {"Makefile": MAKEFILE, "README.md": README, ".gitignore": IGNORED}
    options, settings, way = FROM_READER, MINUTES, "from the builtin reader"
    if base:
        load_preset(base)
        base = str(Path(base).resolve()) if Path(base).suffix in (".yaml", ".yml") else base
        files |= {f"{name}.yaml": PRESET}
        options, settings, way = FROM_PRESET, "", f"as `{name}.yaml` says"
    words = {"name": name, "base": base, "options": options.format(name=name), "settings": settings, "way": way}
    with new_folder(place) as inside:
        (inside / "captchas").mkdir()
        for file, text in files.items():
            (inside / file).write_text(text.format_map(words), encoding="utf-8")
    print(f"{place}: put pictures into {place / 'captchas'}, then cd {place} and make data train promote")
