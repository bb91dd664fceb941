"""What the site is built with beside its pages: the drawing of the imports."""

from typing import Any

from mkdocs.structure.files import File, Files

from experiments.tools.import_map import svg


def on_files(files: Files, config: Any) -> Files:
    """Add the drawing, made from the imports as they are now."""
    files.append(File.generated(config, "architecture.svg", content=svg()))
    return files
