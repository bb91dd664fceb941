"""The field that people type labels into, and where they stand. One keystroke for a right guess.

Enter accepts, Escape skips, the up arrow goes back.

Streamlit's own text field neither selects its text nor sends an unchanged one, so this is a component with a few lines
of JavaScript. Whoever types faster than captchas come loses nothing: the field takes letters while it waits. Nothing of
a user's goes into its code: the guess comes as data and is set as a value.
"""

from dataclasses import dataclass, field

import streamlit as st

SPARE = 8  # characters that the field takes beyond the longest text, so that a slip is seen and not cut off
HTML = """
<label for="text">Text</label>
<input id="text" autocomplete="off" autocorrect="off" autocapitalize="off" spellcheck="false">
<div><kbd>Enter</kbd> accepts <kbd>Esc</kbd> skips <span><kbd>↑</kbd> goes back</span></div>
"""
CSS = """
label { font: 400 .875rem var(--st-font); color: var(--st-text-color); display: block; margin-bottom: .25rem; }
input { font: 600 2.4rem ui-monospace, monospace; letter-spacing: .12em; width: 100%; box-sizing: border-box;
  padding: .3rem .8rem; color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 2px solid transparent; border-radius: .5rem; }
input:focus { outline: none; border-color: var(--st-primary-color); }
div { font: .875rem var(--st-font); color: var(--st-text-color); margin-top: .4rem; }
kbd { font: .8rem ui-monospace, monospace; border: 1px solid currentColor; border-radius: .25rem; padding: 0 .35rem;
  margin-left: .7rem; }
div > kbd:first-child { margin-left: 0; }
"""
JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const input = parentElement.querySelector("input");
  const turn = data.turn;
  parentElement.querySelector("div span").hidden = !data.canGoBack;
  if (input.dataset.turn !== String(turn)) {
    // What was typed since the last keystroke is for this captcha: it stays, in place of the guess.
    const typed = input.dataset.waiting && !data.refused ? input.value : "";
    input.dataset.turn = String(turn);
    delete input.dataset.waiting;
    input.maxLength = data.longest;
    input.value = typed || data.text;
    input.focus();
    if (!typed) input.select();
  }
  const keys = { Enter: "label", Escape: "skip", ArrowUp: "back" };
  input.onkeydown = (event) => {
    const action = keys[event.key];
    if (!action || event.isComposing) return;
    event.preventDefault();
    if (input.dataset.waiting) return;
    setTriggerValue("done", { turn, action, text: input.value });
    input.dataset.waiting = "1";
    input.value = "";
  };
}
"""


@dataclass
class TypingSession:
    """Where one person stands who types labels; it lives in the session, labels live in the log alone.

    Args:
        folder: The data set.
        who: Name that the labels carry.
        trail: Ids shown so far, in that order.
        turn: Counts what was shown, so that a late keystroke never lands on the next captcha.
        fault: Why the last label was refused, and what was typed.
    """

    folder: str
    who: str
    trail: list[str] = field(default_factory=list)
    turn: int = 0
    fault: str = ""
    typed: str = ""

    def take_turn(self) -> None:
        """Count a keystroke; nothing of it is refused yet."""
        self.turn += 1
        self.fault = self.typed = ""

    def refuse(self, error: Exception, text: str) -> None:
        """Keep why a text cannot be a label; its captcha is shown again with it."""
        self.fault, self.typed = str(error), text


def label_box(
    turn: int, text: str, max_length: int, refused: bool = False, can_go_back: bool = True
) -> dict[str, object] | None:
    """Show the field, filled and selected, and return what was done with it, once.

    Args:
        turn: Changes with each captcha or refusal; the field is filled anew when it does.
        text: What it is filled with.
        max_length: Characters of the longest text.
        refused: Whether it is filled with what was refused, in place of what was typed since.
        can_go_back: Whether the arrow leads to the captcha before.

    Returns:
        ``turn``, ``action`` (label, skip or back) and ``text``, or None while nothing was done.
    """
    box = st.components.v2.component("captchalab_label_box", html=HTML, css=CSS, js=JS)
    data = {"turn": turn, "text": text, "longest": max_length + SPARE, "refused": refused, "canGoBack": can_go_back}
    done: dict[str, object] | None = box(data=data, key="label-box", on_done_change=_note).done
    return done


def _note() -> None:
    """Streamlit wants somebody to call; the page reads the result."""
