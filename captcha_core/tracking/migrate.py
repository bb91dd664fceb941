"""MLflow's tables from one database into another."""

import logging
from pathlib import Path
from typing import Any

from captcha_core.errors import RegistryError

VERSION = "alembic_version"
AT_ONCE = 1000


def move(source: str, target: str) -> dict[str, int]:
    """Copy every row of every table, in one transaction, and return the rows of each table.

    Args:
        source: SQLAlchemy address of the database there is.
        target: Of the other, which is new, or holds no run and no model.

    Raises:
        RegistryError: If one of them cannot be used, the target holds anything, or the versions of MLflow differ.
    """
    import sqlalchemy as sa
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    try:
        old, new = sa.create_engine(source), sa.create_engine(target)
        _check_there(sa, old)
        for uri in (source, target):
            MlflowClient(uri).search_experiments(max_results=1)  # makes the tables where there are none
        with old.connect() as reading, new.begin() as writing:
            tables = _tables(sa, old, new)
            _check_same_version(sa, reading, writing)
            _check_empty(sa, writing, tables)
            for table in reversed(tables):
                writing.execute(table.delete())
            rows = {table.name: _copy(sa, reading, writing, table) for table in tables}
            _go_on_counting(sa, writing, tables)
            for table in tables:
                there = writing.scalar(sa.select(sa.func.count()).select_from(table))
                if there != rows[table.name]:
                    raise RegistryError(
                        f"expected {rows[table.name]} rows in {table.name}, received {there}; nothing was copied: is "
                        "somebody logging?"
                    )
        return rows
    except (sa.exc.SQLAlchemyError, MlflowException) as error:
        first = str(error).splitlines()[0]
        raise RegistryError(f"expected two databases of MLflow, received: {first}; nothing was copied.") from error


def _check_there(sa: Any, old: Any) -> None:
    """Refuse a source that MLflow would make first: then a mistyped name would be moved, empty as it is."""
    address = old.url.render_as_string()
    missing = old.dialect.name == "sqlite" and not Path(old.url.database or "").is_file()
    if missing or not sa.inspect(old).has_table("experiments"):
        raise RegistryError(
            f"expected MLflow's tables at {address}, received {'no such file' if missing else 'none'}; nothing was "
            "copied: correct --from."
        )


def _tables(sa: Any, old: Any, new: Any) -> list[Any]:
    """Return the target's tables, those that others point to first; both databases must have the same."""
    described = sa.MetaData()
    described.reflect(new)
    names = set(sa.inspect(old).get_table_names())
    if names != set(described.tables):
        raise RegistryError(
            f"expected the same tables in both databases, received {sorted(names ^ set(described.tables))} in one; run "
            "`mlflow db upgrade` on both."
        )
    return [table for table in described.sorted_tables if table.name != VERSION]


def _check_same_version(sa: Any, reading: Any, writing: Any) -> None:
    ours, theirs = (one.scalar(sa.text(f"SELECT version_num FROM {VERSION}")) for one in (reading, writing))  # noqa: S608
    if ours != theirs:
        raise RegistryError(
            f"expected one version of MLflow's tables, received {ours} and {theirs}; run `mlflow db upgrade` on both."
        )


def _check_empty(sa: Any, writing: Any, tables: list[Any]) -> None:
    for table in tables:
        if table.name in ("runs", "registered_models") and writing.scalar(
            sa.select(sa.func.count()).select_from(table)
        ):
            raise RegistryError(
                f"expected an empty database to move to, received rows in {table.name}; make a new one."
            )


def _copy(sa: Any, reading: Any, writing: Any, table: Any) -> int:
    count = 0
    result = reading.execution_options(yield_per=AT_ONCE).execute(sa.select(table))
    for batch in result.mappings().partitions():
        writing.execute(table.insert(), [dict(row) for row in batch])
        count += len(batch)
    return count


def _go_on_counting(sa: Any, writing: Any, tables: list[Any]) -> None:
    """Let PostgreSQL's counters go on behind the highest number that was copied."""
    if writing.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            name = writing.scalar(sa.text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name})
            if name:
                highest = writing.scalar(sa.select(sa.func.max(column)))
                writing.execute(
                    sa.text("SELECT setval(:n, :v, :u)"), {"n": name, "v": highest or 1, "u": bool(highest)}
                )
