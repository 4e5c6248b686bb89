"""Builds patterns."""

from __future__ import annotations

from typing import Any

from cep.lang import ast
from cep.lang.build.base import Base, identifier, present


def _gathered(kind: Any, part: Any) -> tuple[Any, ...]:
    """Return the parts of a chain of one operator (the grammar is left-recursive), else the part alone."""
    return part.parts if isinstance(part, kind) else (part,)


class PatternRules(Base):
    """Rules of the grammar's section on patterns."""

    def followed(self, meta: Any, children: list[Any]) -> ast.Followed:
        """A -> B."""
        left, edge, right = children
        edges = left.edges if isinstance(left, ast.Followed) else ()
        parts = (*_gathered(ast.Followed, left), right)
        return ast.Followed(parts, (*edges, edge), self.span(meta))

    def choice(self, meta: Any, children: list[Any]) -> ast.Choice:
        """A | B."""
        return ast.Choice((*_gathered(ast.Choice, children[0]), children[1]), self.span(meta))

    def any_order(self, meta: Any, children: list[Any]) -> ast.AnyOrder:
        """A & B."""
        return ast.AnyOrder((*_gathered(ast.AnyOrder, children[0]), children[1]), self.span(meta))

    def adjacent(self, meta: Any, children: list[Any]) -> ast.Adjacent:
        """A B."""
        return ast.Adjacent((*_gathered(ast.Adjacent, children[0]), children[1]), self.span(meta))

    def followed_by(self, meta: Any, _: list[Any]) -> ast.Edge:
        """->."""
        return ast.Edge(span=self.span(meta))

    def followed_by_any(self, meta: Any, _: list[Any]) -> ast.Edge:
        """->>."""
        return ast.Edge(any_match=True, span=self.span(meta))

    def followed_within(self, meta: Any, children: list[Any]) -> ast.Edge:
        """-[a..b]->."""
        low, high = children[0]
        return ast.Edge(low=low, high=high, span=self.span(meta))

    def followed_within_any(self, meta: Any, children: list[Any]) -> ast.Edge:
        """-[a..b]->>."""
        low, high = children[0]
        return ast.Edge(any_match=True, low=low, high=high, span=self.span(meta))

    def gap_between(self, _: Any, children: list[Any]) -> tuple[Any, Any]:
        """From a to b."""
        return children[0], children[1]

    def gap_at_most(self, _: Any, children: list[Any]) -> tuple[Any, Any]:
        """At most b."""
        return None, children[0]

    def gap_at_least(self, _: Any, children: list[Any]) -> tuple[Any, Any]:
        """At least a."""
        return children[0], None

    def quantified(self, meta: Any, children: list[Any]) -> ast.Pattern:
        """A part with quantifier, mode and UNTIL; without any of them the part itself."""
        part, quant, mode, until = children
        if quant is None and mode is None and until is None:
            return part  # type: ignore[no-any-return]
        low, high, kind = quant or (1, 1, "greedy")
        return ast.Quantified(part, low, high, kind, mode, until, self.span(meta))  # type: ignore[arg-type]

    def absent(self, meta: Any, children: list[Any]) -> ast.Absent:
        """NOT n, NOT n FOR d."""
        return ast.Absent(children[0], children[1], self.span(meta))

    def atom(self, meta: Any, children: list[Any]) -> ast.Atom:
        """v:stream[condition]."""
        name, stream, condition = children
        return ast.Atom(identifier(str(name)), stream, condition, self.span(meta))

    def group(self, meta: Any, children: list[Any]) -> ast.Group:
        """(A)."""
        return ast.Group(children[0], self.span(meta))

    def empty(self, meta: Any, _: list[Any]) -> ast.Empty:
        """()."""
        return ast.Empty(self.span(meta))

    def excluded(self, meta: Any, children: list[Any]) -> ast.Excluded:
        """{- A -}."""
        return ast.Excluded(children[0], self.span(meta))

    def at_start(self, meta: Any, _: list[Any]) -> ast.Anchor:
        """^."""
        return ast.Anchor(end=False, span=self.span(meta))

    def at_end(self, meta: Any, _: list[Any]) -> ast.Anchor:
        """$."""
        return ast.Anchor(end=True, span=self.span(meta))

    def permute(self, meta: Any, children: list[Any]) -> ast.Permute:
        """PERMUTE(A, B)."""
        return ast.Permute(tuple(children), self.span(meta))

    def any_of(self, meta: Any, children: list[Any]) -> ast.AnyOf:
        """ANY n OF (A, B)."""
        count, *parts = children
        return ast.AnyOf(self.count(count), tuple(parts), self.span(meta))

    def quant(self, _: Any, children: list[Any]) -> tuple[int, int | None, str]:
        """A quantifier with its kind."""
        (low, high), kind = children
        return low, high, kind or "greedy"

    def reluctant(self, _: Any, __: list[Any]) -> str:
        """?."""
        return "reluctant"

    def possessive(self, _: Any, __: list[Any]) -> str:
        """+."""
        return "possessive"

    def zero_more(self, _: Any, __: list[Any]) -> tuple[int, int | None]:
        """*."""
        return 0, None

    def one_more(self, _: Any, __: list[Any]) -> tuple[int, int | None]:
        """+."""
        return 1, None

    def optional(self, _: Any, __: list[Any]) -> tuple[int, int | None]:
        """?."""
        return 0, 1

    def exactly(self, _: Any, children: list[Any]) -> tuple[int, int | None]:
        """{n}."""
        n = self.count(children[0])
        return n, n

    def at_least(self, _: Any, children: list[Any]) -> tuple[int, int | None]:
        """{n,}."""
        return self.count(children[0]), None

    def at_most(self, _: Any, children: list[Any]) -> tuple[int, int | None]:
        """{,n}."""
        return 0, self.count(children[0])

    def low_to_high(self, meta: Any, children: list[Any]) -> tuple[int, int | None]:
        """{n,m}."""
        low, high = (self.count(c) for c in present(children))
        if high < low:
            msg = f"{{{low},{high}}} has its bounds the wrong way round"
            raise self.mistake("CEP106", msg, self.span(meta))
        return low, high

    def strict(self, _: Any, __: list[Any]) -> str:
        """STRICT."""
        return "strict"

    def relaxed(self, _: Any, __: list[Any]) -> str:
        """RELAXED."""
        return "relaxed"

    def combine(self, _: Any, __: list[Any]) -> str:
        """COMBINE."""
        return "combine"

    def until(self, _: Any, children: list[Any]) -> Any:
        """UNTIL [c]."""
        return children[0]
