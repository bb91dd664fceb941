"""captchalab history: who was champion when, and why."""

import json

from experiments.terminal.options import Format, Name, check_format


def history(name: Name, format: Format = "text") -> None:
    """List every promotion and rollback of a model, oldest first."""
    as_json = check_format(format)
    from captcha_core.registry.history import history as entries_of
    from captcha_core.registry.history import moved_outside
    from captcha_core.tracking.connect import connect

    connect()
    entries = entries_of(name)
    outside = moved_outside(name, entries)
    if as_json:
        print(json.dumps({"entries": [entry.model_dump() for entry in entries], "moved_outside": outside}))
        return
    for entry in entries:
        forced = " forced" if entry.forced else ""
        print(
            f"{entry.at[:19]}Z  {entry.action}{forced}  {entry.from_version or '-'} -> {entry.to_version}  {entry.by}"
        )
        if entry.exact_match and entry.data_digest:
            new, old = entry.exact_match
            print(f"    exact match {new:.2%} against {old:.2%} on data {entry.data_digest[:12]}")
        for sentence in entry.verdict:
            print(f"    {sentence}")
        if entry.reason:
            print(f"    reason: {entry.reason}")
    if not entries:
        print(f"{name} has no promotions yet")
    if outside:
        print(f"version {outside} is champion by a change that is not in this history")
