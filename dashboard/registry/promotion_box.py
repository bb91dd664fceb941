"""The rule's verdict on a version, and the button that makes it champion: part of several pages."""

import streamlit as st

from captcha_core.errors import CaptchaError
from dashboard import access
from dashboard.frame import announce
from dashboard.registry import promoting
from dashboard.tracking import gallery
from dashboard.tracking.records import ModelRecord, ModelVersion
from dashboard.widgets.text import markdown, plain


def show(uri: str, model: ModelRecord, version: ModelVersion) -> None:
    """Show what the rule says of a version, then how to promote it."""
    proposal = promoting.propose(uri, model, version)
    if proposal.verdict is None and proposal.champion and proposal.champion.version != version.version:
        proposal = _contest(proposal)
    if proposal.verdict is None:
        st.info(markdown(proposal.obstacle), icon=":material/gavel:")
    else:
        _verdict(proposal)
    if proposal.champion is not None and proposal.champion.version == version.version:
        return
    place = f"{model.name}-{version.version}"
    reason = ""
    if not proposal.approved:
        reason = st.text_input(
            "Promote it all the same, because", key=f"force-{place}", disabled=not access.may_change(), max_chars=1000,
            placeholder="a reason, which the history keeps",
        )  # fmt: skip
    if st.button(
        markdown(f"Make version {version.version} champion of {model.name}"),
        key=f"promote-{place}",
        type="primary" if proposal.approved else "secondary",
        icon=":material/military_tech:",
        **({"disabled": not (proposal.approved or reason.strip())} | access.for_changes()),
    ):
        try:
            announce(promoting.promote(proposal, reason, access.who()))
        except CaptchaError as error:
            st.error(markdown(plain(error)), icon=":material/gpp_bad:")
            return
        st.rerun()


def _contest(proposal: promoting.Proposal) -> promoting.Proposal:
    """Offer to let both read the same samples, where their own tests cannot be compared; return what came of it."""
    champion, version = proposal.champion, proposal.version
    if champion is None:
        return proposal
    place = f"contest-{version.name}-{champion.version}-{version.version}"
    if place in st.session_state:
        judged: promoting.Proposal = st.session_state[place]
        return judged
    folders = promoting.grounds(champion, gallery.folders())
    if not folders:
        return proposal
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    folder = left.selectbox("Compare them on", folders, format_func=lambda path: path.as_posix(), key=f"{place}-on")
    if right.button("Let both read it", icon=":material/swords:", width="stretch", key=f"{place}-go"):
        with st.spinner(f"both read the test split of {folder.as_posix()}"):
            st.session_state[place] = promoting.compete(proposal, folder)
        st.rerun()
    return proposal


def _verdict(proposal: promoting.Proposal) -> None:
    if proposal.verdict is None:
        return
    yes = proposal.verdict.promote
    rule = f"The rule of the preset {markdown(proposal.preset)}" if proposal.preset else "The usual rule"
    who = f"version {proposal.version.version} against the champion, version {proposal.champion.version}" if (
        proposal.champion
    ) else ""  # fmt: skip
    box = st.success if yes else st.warning
    box(
        f"**{rule} says {'yes' if yes else 'no'}** to {who}.",
        icon=":material/check_circle:" if yes else ":material/do_not_disturb_on:",
    )
    for reason in proposal.verdict.reasons:
        st.markdown(f"{':material/check:' if reason.holds else ':material/close:'} {markdown(reason.sentence)}")
