"""The dashboard's entry: navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import frame, links


def main() -> None:
    st.set_page_config(page_title="captchalab", page_icon=Path(__file__).parent / "icon.svg", layout="wide")
    frame.dress()
    chosen = st.navigation(links.sections())
    with frame.guarded():
        chosen.run()


main()
