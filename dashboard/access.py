"""Who may come in, and who may change things.

Without a login in Streamlit's secrets, whoever reaches the dashboard is its user: it listens on loopback alone unless
``--host`` names another address. With one (section ``auth``, OpenID Connect), people log in
first, and only those that the secrets list under ``captchalab.may_change`` can promote, label, train or edit.
"""

import os
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

READ_ONLY = "CAPTCHALAB_READ_ONLY"
WHY_NOT = "You may look, not change: ask whoever runs this dashboard."


def admitted() -> bool:
    """Return whether to go on; otherwise the login is shown."""
    if not _login_configured() or st.user.get("is_logged_in", False):
        return True
    st.title("captchalab", anchor=False)
    st.markdown("This dashboard is for people who log in.")
    st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")
    return False


def may_change() -> bool:
    """Return whether this visitor may promote, label, train and edit."""
    if os.environ.get(READ_ONLY, "").lower() in ("1", "true", "yes"):
        return False
    if not _login_configured():
        return True
    return listed(str(st.user.get("email") or ""), bool(st.user.get("email_verified", True)), _may_change_list())


def for_changes() -> dict[str, Any]:
    """Return what disables a widget that changes something, for visitors who may only look."""
    return {} if may_change() else {"disabled": True, "help": WHY_NOT}


def who() -> str | None:
    """Return who acts, for histories and labels; None for the user of the machine."""
    return str(st.user.get("email") or "") or None if _login_configured() else None


def listed(email: str, verified: bool, allowed: Sequence[str]) -> bool:
    """Return whether an address that the provider has verified is on the list."""
    return bool(email) and verified and email.casefold() in {one.casefold() for one in allowed}


def _login_configured() -> bool:
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def _may_change_list() -> Sequence[str]:
    section = st.secrets.get("captchalab", {})
    return [str(one) for one in section.get("may_change", [])]
