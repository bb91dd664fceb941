"""Text in an encoding that nobody named: CSVs of spreadsheets, names in archives."""

import re
from collections.abc import Sequence

MANY = 12  # characters from which on Korean is told from Chinese: both fit few
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
CYRILLIC, HANGUL, KANA = (0x400, 0x45F), (0xAC00, 0xD7A3), (0x3041, 0x30FF)
COMMON_ROWS = {  # lead bytes of the rows that hold the common characters of an encoding
    "gb2312": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "shift_jis": (0x88, 0x97),
}
CYRILLIC_BYTES = ("cp866", "cp1251")  # whole words are foreign letters there; in Latin text they stand alone
DOUBLE_BYTE = ("euc_kr", "gb18030", "shift_jis", "big5")


def decode_text(content: bytes) -> str:
    """Return the text of a file: by its byte order mark, as UTF-8, else in the encoding whose text is likeliest."""
    for mark, encoding in BOMS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    head = content[:200]
    if head[1::2].count(0) > len(head) // 3:
        return content.decode("utf-16-le", errors="replace")
    if head[::2].count(0) > len(head) // 3:
        return content.decode("utf-16-be", errors="replace")
    return guess_text(content, ("cp1251", "cp1252"))


def guess_text(content: bytes, single_byte: Sequence[str]) -> str:
    """Return bytes as text: UTF-8 where they are, else Chinese, Japanese, Korean or one of the single-byte encodings.

    Args:
        content: As one piece, the more the better.
        single_byte: Encodings with a byte a character that are possible here.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    best, most = content.decode("latin-1"), 0.0
    for encoding in (*DOUBLE_BYTE, *single_byte):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        likely = _likelihood(text, encoding)
        if likely > most:
            best, most = text, likely
    return best


def _likelihood(text: str, encoding: str) -> float:
    """Return the share of the characters beyond ASCII that are common in the language of the encoding."""
    foreign = [character for character in text if not character.isascii()]
    if not foreign or (encoding == "euc_kr" and len(foreign) < MANY):
        return 0.0
    likely = sum(_common(character, encoding) for character in foreign) / len(foreign)
    alone = len(re.findall(r"[^\x00-\x7f]+", text)) * 2 > len(foreign)
    return likely * (0.9 if alone == (encoding in CYRILLIC_BYTES) and encoding not in DOUBLE_BYTE else 1.0)


def _common(character: str, encoding: str) -> bool:
    code = ord(character)
    if encoding == "euc_kr":
        return HANGUL[0] <= code <= HANGUL[1]
    if encoding in CYRILLIC_BYTES:
        return CYRILLIC[0] <= code <= CYRILLIC[1]
    if encoding in ("cp437", "cp850", "cp1252"):
        return 0xC0 <= code <= 0x17F and character.isalpha()
    if encoding == "shift_jis" and KANA[0] <= code <= KANA[1]:
        return True
    rows = "gb2312" if encoding == "gb18030" else encoding
    try:
        lead = character.encode(rows)[0]
    except UnicodeEncodeError:
        return False
    return COMMON_ROWS[rows][0] <= lead <= COMMON_ROWS[rows][1]
