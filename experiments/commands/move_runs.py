"""captchalab move-runs: MLflow's database into another, PostgreSQL for one."""

from typing import Annotated

import typer


def move_runs(
    source: Annotated[str, typer.Option("--from", help="The database there is, as SQLAlchemy addresses it.")],
    target: Annotated[str, typer.Option("--to", help="An empty one: postgresql+psycopg://USER:PASSWORD@HOST/NAME.")],
) -> None:
    """Copy all runs, models and aliases of one MLflow database into an empty other one, and compare the counts.

    Artifacts stay where they are. Nothing may log while this runs. It is all or nothing: cut off, it is begun anew.
    """
    from captcha_core.tracking.migrate import move

    rows = move(source, target)
    print(f"{sum(rows.values()):,} rows of {len(rows)} tables copied; the counts are equal")
    print(f"from now on: export MLFLOW_TRACKING_URI={target}")
