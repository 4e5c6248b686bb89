"""What all builder rooms share: places, names, literals, mistakes found while building."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.errors import Span, error

if TYPE_CHECKING:
    from cep.errors import CepError, SourceText

# Clause words that no one means as a bare column: `SELECT FROM` is a mistake, not a column named FROM.
CLAUSE_WORDS = frozenset({
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "ORDER",
    "UNION",
    "INSERT",
    "CREATE",
    "JOIN",
    "ON",
    "AND",
    "OR",
    "THEN",
    "WHEN",
    "ELSE",
    "END",
    "AS",
    "BY",
    "INTO",
    "BETWEEN",
    "LIKE",
    "IN",
    "IS",
})


MANY = 1_000_000  # above any loop bound that makes sense; the binder has tighter limits
_LONGEST_COUNT = 20


class Base:
    """Holds where the text being parsed comes from; set anew for each statement."""

    def __init__(self) -> None:
        self.source: SourceText | None = None
        self.offset = 0
        self.refused: list[CepError] = []  # clause words read as columns; annotations may hold them

    def span(self, meta: Any) -> Span:
        """Return the span of a rule in the source."""
        if getattr(meta, "empty", False):
            return Span(self.offset, self.offset, self.source)
        return Span(meta.start_pos + self.offset, meta.end_pos + self.offset, self.source)

    def token_span(self, token: Any) -> Span:
        """Return the span of a token in the source."""
        return Span(token.start_pos + self.offset, token.end_pos + self.offset, self.source)

    def count(self, token: Any) -> int:
        """Return a NUMBER that must be a count.

        Raises:
            CepError: CEP106, it has a fraction or is too large.
        """
        text = str(token)
        if not text.isdigit() or len(text) > _LONGEST_COUNT or int(text) > MANY:
            msg = f"{text[:_LONGEST_COUNT]} where a count up to {MANY} is expected"
            raise self.mistake("CEP106", msg, self.token_span(token))
        return int(text)

    def refuse_empty(self, token: Any) -> None:
        """Raise CEP103 for a quoted name without a character in it."""
        if token in {'""', "``"}:
            msg = "a name without a letter"
            raise self.mistake("CEP103", msg, self.token_span(token))

    def mistake(self, code: str, message: str, span: Span, hint: str = "") -> CepError:
        """Return a syntax error at a span."""
        return error(code, message, span, hint)


def identifier(token: str) -> str:
    """Return a name without its quotes, doubled quotes undone."""
    if token.startswith('"'):
        return token[1:-1].replace('""', '"')
    return token.strip("`")


def text_of(token: str) -> str:
    """Return the content of a string literal, doubled quotes undone."""
    return token[1:-1].replace("''", "'")


def present(children: list[Any]) -> list[Any]:
    """Return the children without the placeholders of absent optional parts."""
    return [c for c in children if c is not None]
