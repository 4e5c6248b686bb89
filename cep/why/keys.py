"""Which events are those of the key that is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.errors import error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cep.plan.nodes import Match


class KeyTest:
    """Says whether an event of an input of a MATCH has given values in columns of PARTITION BY.

    A column goes by its name in the output or in one of the inputs; values are compared as text, so that those of a
    command line need no types.

    Raises:
        CepError: CEP205, a name is no column of PARTITION BY.
    """

    def __init__(self, node: Match, key: Mapping[str, Any]) -> None:
        self._tests: list[tuple[tuple[str, ...], str | None]] = []
        self._read = len(node.inputs) - node.watched
        for name, value in key.items():
            columns = next(
                (
                    c
                    for c, own in zip(node.partition, node.key_names, strict=True)
                    if name in (own, *c)
                ),
                None,
            )
            if columns is None:
                known = ", ".join(node.key_names) or "none: it has no PARTITION BY"
                msg = f"{name} is no key of the rule"
                raise error("CEP205", msg, hint=f"its keys: {known}")
            self._tests.append((columns, None if value is None else str(value)))

    def __call__(self, number: int, values: dict[str, Any]) -> bool:
        """Whether an event of input `number` with these values is one of the key."""
        if number >= self._read:
            return False
        for columns, wanted in self._tests:
            value = values[columns[number]]
            if (None if value is None else str(value)) != wanted:
                return False
        return True
