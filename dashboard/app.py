"""The dashboard's entry: navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import access, frame, pages
from dashboard.home import background

ICON = Path(__file__).parent / "icon.svg"
WORDMARK = Path(__file__).parent / "wordmark.svg"


def main() -> None:
    """Show the page that the address names, for visitors who are admitted."""
    st.set_page_config(page_title="captchalab", page_icon=ICON, layout="wide")
    st.logo(WORDMARK, icon_image=ICON, size="large")
    frame.dress()
    if not access.admitted():
        return
    chosen = st.navigation(pages.sections(), expanded=True)
    background.beacon()
    with frame.guarded(whole_page=True):
        chosen.run()


main()
