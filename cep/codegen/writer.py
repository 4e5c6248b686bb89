"""Lines of generated source: indentation, comments and fresh names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INDENT = "    "


class Writer:
    """Collects source lines; `with writer.block("if x > 0:"):` indents what is written inside.

    Expression forms write the statements they need (temporaries of CASE, string lookups) to the writer
    *before* the text they return is used: call `is_true(..)` first, then open the block that tests it.
    Such statements have no effects and never fail, so they may stand before a test they do not need.
    """

    def __init__(self, depth: int = 0) -> None:
        self._lines: list[str] = []
        self._depth = depth
        self._numbers: dict[str, int] = {}

    def line(self, text: str = "") -> None:
        """Write one line at the present depth; the empty text gives an empty line."""
        self._lines.append(INDENT * self._depth + text if text else "")

    def lines(self, *texts: str) -> None:
        """Write several lines at the present depth."""
        for text in texts:
            self.line(text)

    def comment(self, text: str) -> None:
        """Write a comment; line breaks in the text become spaces."""
        self.line("# " + " ".join(text.split()))

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write `header` (with its colon) and indent what follows; an empty block gets `pass`."""
        self.line(header)
        self._depth += 1
        before = len(self._lines)
        try:
            yield
        finally:
            if not any(s.strip() and not s.strip().startswith("#") for s in self._lines[before:]):
                self.line("pass")
            self._depth -= 1

    def fresh(self, prefix: str = "t") -> str:
        """Return a local name not given before: `prefix1`, `prefix2`, .."""
        number = self._numbers.get(prefix, 0) + 1
        self._numbers[prefix] = number
        return f"{prefix}{number}"

    def append(self, other: Writer) -> None:
        """Write all lines of another writer, indented to the present depth."""
        for text in other._lines:
            self.line(text)

    def text(self) -> str:
        """Return all lines, each ended by a line break."""
        return "".join(line + "\n" for line in self._lines)
