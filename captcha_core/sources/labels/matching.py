"""Which file a name in a table means: the one that it can only mean, else none."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

ABSOLUTE = re.compile(r"/|[a-z]:/|[a-z][a-z0-9+.-]*://")
UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")  # what Label Studio puts before a name
AMBIGUOUS = ""


class NameIndex:
    """Finds files by the names that people and programs write for them.

    A name may have backslashes, ``./``, folders in front that are not there, another case, decomposed letters or no
    ending. It is found where it means one file alone.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._exact = set(names)

    @cached_property
    def _whole(self) -> dict[str, str]:
        return _unique((_key(name), name) for name in self.names)

    @cached_property
    def _tops(self) -> set[str]:
        return {_key(name).partition("/")[0] for name in self.names if "/" in name}

    @cached_property
    def _ends(self) -> dict[str, str]:
        """Every end of every path, as ``b/c.png`` and ``c.png`` of ``a/b/c.png``."""
        return _unique((end, name) for name in self.names for end in _path_ends(_key(name)))

    @cached_property
    def _stems(self) -> dict[str, str]:
        return _unique((_stem(end), name) for name in self.names for end in (_key(name), *_path_ends(_key(name))))

    def find(self, written: str, above: str = "") -> str | None:
        """Return the file that a name in a table means, None where there is none, or more than one.

        Args:
            written: As the table has it.
            above: The folder that the table lies in.
        """
        beside = f"{above}/{written}" if above else written
        if beside in self._exact:
            return beside
        key = _key(written)
        for one in dict.fromkeys((_key(beside), key)):
            if one in self._whole:
                return self._whole[one] or None
        if not key:
            return None
        absolute = bool(ABSOLUTE.match(written.strip().lower().replace("\\", "/")))
        return self._by_ends(key, absolute) or self._by_stem(_key(beside), key)

    def _by_ends(self, key: str, absolute: bool) -> str | None:
        if key in self._ends:
            return self._ends[key] or None
        if key.partition("/")[0] in self._tops and not absolute:
            return None
        for end in _path_ends(key):  # folders in front that are not there
            if end in self._whole and (absolute or self._ends.get(end, self._whole[end]) == self._whole[end]):
                return self._whole[end] or None
        if absolute:
            last = key.rpartition("/")[2]
            for one in (last, UPLOAD.sub("", last)):
                if found := self._ends.get(one, self._whole.get(one)):
                    return found
        return None

    def _by_stem(self, beside: str, key: str) -> str | None:
        return next((self._stems[one] for one in (beside, key) if self._stems.get(one)), None)


def _key(name: str) -> str:
    """Return a name as all ways to write it have it: composed, in small letters, with slashes, without ``./``."""
    plain = unicodedata.normalize("NFC", name.strip()).casefold()
    plain = plain.replace("\\", "/")
    if "://" in plain or "%" in plain:
        plain = unquote(plain.partition("?")[0] if "://" in plain else plain)
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    return "/".join(parts)


def _path_ends(key: str) -> list[str]:
    parts = key.split("/")
    return ["/".join(parts[place:]) for place in range(1, len(parts))]


def _stem(key: str) -> str:
    return re.sub(r"(?<=[^/])\.[^./]*$", "", key)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return key -> name, :data:`AMBIGUOUS` where a key stands for several."""
    found: dict[str, str] = {}
    for key, name in pairs:
        found[key] = name if found.get(key, name) == name else AMBIGUOUS
    return found
