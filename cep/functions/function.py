"""Scalar functions as data: a name, its signatures, its Python reference, its kernel and numpy forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function.

    args, result: types; with `variadic` the last argument type may repeat any number of times.
    kernel: kernel-language expression over in-band values, `{0}`, `{1}`, .. are the arguments; None: the
        function runs on the host only (per distinct string, or as a computed input column).
    numpy: the same over numpy columns, with `np` and the functions of `cep.functions.vector`; None where
        numpy is not exact. Both forms must give NULL for NULL arguments.
    uses: kernellib functions the kernel form calls, as (module, function).
    host: name under which `FUNCTIONS` holds the scalar for these types (default: the function itself).
    total: never NULL when no argument is NULL.
    infinite: a DOUBLE result may be an infinity that stands for NULL; it is made NULL where it is used.
    carries: argument numbers whose infinity or NaN always makes the result an infinity or NaN, so that
        they need not be made NULL first.
    """

    args: tuple[Type, ...]
    result: Type
    kernel: str | None = None
    numpy: str | None = None
    uses: tuple[tuple[str, str], ...] = ()
    host: str = ""
    variadic: bool = False
    total: bool = False
    infinite: bool = False
    carries: tuple[int, ...] = ()

    def wants(self, n_args: int) -> tuple[Type, ...] | None:
        """Return the types of `n_args` arguments, or None if this signature does not take so many."""
        missing = n_args - len(self.args)
        if missing == 0:
            return self.args
        if self.variadic and missing > 0:
            return self.args + (self.args[-1],) * missing
        return None


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function or operator.

    scalar: the reference, on Python values (bool, int, float, str; TIMESTAMP and DURATION as int us; None
        for NULL), with the language's exact semantics. A strict function is only called without NULLs
        by `apply`; `scalar` itself accepts None for any argument and then returns None.
    strict: NULL if any argument is NULL (all but AND, OR, COALESCE, NULLIF, IF, IS ..).
    aliases: further names in rule text. operator: written as an operator, not callable by name.
    rows: the reference for many rows at once, none with a NULL; None: there is no faster way than row by row.
    """

    name: str
    signatures: tuple[Signature, ...]
    scalar: Callable[..., object]
    strict: bool = True
    aliases: tuple[str, ...] = ()
    operator: bool = False
    doc: str = ""
    rows: Callable[[Sequence[tuple[Any, ...]]], list[Any]] | None = None

    def signature(self, types: tuple[Type, ...]) -> Signature | None:
        """Return the signature that takes exactly these types (NULL fits any), or None."""
        for signature in self.signatures:
            wanted = signature.wants(len(types))
            if wanted is not None and all(
                have in (want, Type.NULL) for have, want in zip(types, wanted, strict=True)
            ):
                return signature
        return None


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a call by name is bound: function, signature, and the type each argument is converted to.

    An argument of type INT where `wants` says DOUBLE is wrapped in `to_double` by the binder; one of type
    NULL becomes a NULL literal of the wanted type.
    """

    function: Function
    signature: Signature
    wants: tuple[Type, ...]

    @property
    def result(self) -> Type:
        """Type of the call."""
        return self.signature.result
