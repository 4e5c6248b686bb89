"""The string table: one small integer for each distinct text of an engine; columns hold these codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class StringTable:
    """Texts and their codes 0, 1, 2, .. in order of first appearance; -1 is NULL.

    Invariants: `_codes[_texts[c]] == c`; `_texts` ends with None, so that code -1 reads as NULL.
    Memory: grows with the number of distinct texts.
    """

    __slots__ = ("_codes", "_ranks", "_texts")

    def __init__(self) -> None:
        self._codes: dict[str | None, int] = {None: -1}
        self._texts: list[str | None] = [None]
        self._ranks = np.empty(0, np.int32)

    def __len__(self) -> int:
        """Number of codes."""
        return len(self._texts) - 1

    def code(self, text: str | None) -> int:
        """Return the code of a text, adding it if it is new.

        Raises:
            UnicodeEncodeError: the text holds half a surrogate pair, which no output could write.
        """
        found = self._codes.get(text)
        if found is None:
            assert text is not None
            text.encode()
            found = self._codes[text] = len(self._texts) - 1
            self._texts[-1] = text
            self._texts.append(None)
        return found

    def text(self, code: int) -> str | None:
        """Return the text of a code, None for -1."""
        return self._texts[code]

    def encode(self, values: Iterable[str | None]) -> np.ndarray:
        """Return int32 codes of texts (None: -1), adding the new ones.

        Raises:
            UnicodeEncodeError: a text holds half a surrogate pair.
        """
        texts = values if isinstance(values, list | tuple) else list(values)
        known = self._codes
        try:
            codes = [known[t] for t in texts]
        except KeyError:
            codes = [self.code(t) for t in texts]
        return np.array(codes, dtype=np.int32)

    def decode(self, codes: np.ndarray) -> list[str | None]:
        """Return the texts of an integer array of codes."""
        texts = self._texts
        return [texts[c] for c in codes.tolist()]

    def ranks(self) -> np.ndarray:
        """Return int32[codes], the rank of each text in code point order; made anew when texts were added."""
        count = len(self)
        if len(self._ranks) != count:
            order = sorted(range(count), key=self._texts.__getitem__)  # type: ignore[arg-type]
            self._ranks = np.empty(count, np.int32)
            self._ranks[order] = np.arange(count, dtype=np.int32)
        return self._ranks

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the texts as arrays: `bytes` u8 (UTF-8, one after the other) and `ends` int64."""
        encoded = [t.encode() for t in self._texts if t is not None]
        ends = np.cumsum([len(e) for e in encoded], dtype=np.int64)
        return {"bytes": np.frombuffer(b"".join(encoded), np.uint8).copy(), "ends": ends}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over the texts that `arrays` returned."""
        content = arrays["bytes"].tobytes()
        start = 0
        self._codes, self._texts = {None: -1}, [None]
        for end in arrays["ends"].tolist():
            self.code(content[start:end].decode())
            start = end
        self._ranks = np.empty(0, np.int32)

    def texts(self) -> Sequence[str | None]:
        """Return the texts by code; the last entry is None and stands for -1 (borrowed)."""
        return self._texts
