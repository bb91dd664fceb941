"""The dashboard's entry: navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import access, frame, links


def main() -> None:
    st.set_page_config(page_title="captchalab", page_icon=Path(__file__).parent / "icon.svg", layout="wide")
    frame.dress()
    if not access.admitted():
        return
    chosen = st.navigation(links.sections())
    with frame.guarded(whole_page=True):
        chosen.run()


main()
