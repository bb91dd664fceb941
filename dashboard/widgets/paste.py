"""A field that takes pictures from the clipboard: Streamlit's own upload has no ear for Ctrl+V."""

import base64
import binascii
from typing import Any

import streamlit as st

MAX_BYTES = 8 * 2**20

HTML = (
    '<div class="paste" tabindex="0" role="button">Click here, then press <b>Ctrl+V</b> (⌘V) to paste a picture</div>'
)
CSS = """
.paste { border: 1px dashed var(--st-border-color); border-radius: var(--st-base-radius); padding: 1.4rem 1rem;
  text-align: center; color: var(--st-text-color); font-family: var(--st-font); cursor: pointer; }
.paste:focus { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""
JS = """
export default function (component) {
  const { parentElement, setTriggerValue } = component;
  const field = parentElement.querySelector('.paste');
  const onPaste = (event) => {
    const files = [...(event.clipboardData || {}).files || []];
    if (!files.length) return;
    event.preventDefault();
    const file = files[0];
    if (file.size > MAX_BYTES) {
      const size = (file.size / 2 ** 20).toFixed(1);
      field.textContent = `This picture is ${size} MB; the limit is ${MAX_BYTES / 2 ** 20} MB.`;
      return;
    }
    const reader = new FileReader();
    reader.onload = () => setTriggerValue('pasted', { name: file.name, data: String(reader.result).split(',')[1] });
    reader.readAsDataURL(file);
  };
  document.addEventListener('paste', onPaste);
  return () => document.removeEventListener('paste', onPaste);
}
""".replace("MAX_BYTES", str(MAX_BYTES))

_field = st.components.v2.component("captchalab_paste", html=HTML, css=CSS, js=JS)


def field(key: str) -> tuple[str, bytes] | None:
    """Show the field; return the name and bytes of what was pasted just now."""
    result = _field(key=key, on_pasted_change=lambda: None)
    return pasted(getattr(result, "pasted", None))


def pasted(value: Any) -> tuple[str, bytes] | None:
    """Return the name and bytes of what the browser sent, None for anything that is no such thing."""
    if not isinstance(value, dict):
        return None
    data = value.get("data")
    if not isinstance(data, str) or len(data) > 2 * MAX_BYTES:
        return None
    try:
        return str(value.get("name") or "pasted.png")[:120], base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
