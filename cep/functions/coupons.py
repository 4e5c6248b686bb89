"""The coupon of a value, which APPROX_DISTINCT counts: see `cep/kernellib/coupons.py`. Not callable by name."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Any

from cep.functions.function import Function, Signature
from cep.functions.reference import strict
from cep.types import Type

_WORD = 2**64 - 1


def _word(value: Any) -> int:
    """Return the 64 bits of a value: of a text the first 8 bytes, little endian, of blake2b of its UTF-8."""
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
    if isinstance(value, float):
        return int(struct.unpack("<Q", struct.pack("<d", value + 0.0))[0])
    return int(value) & _WORD


def coupon(value: Any) -> int:
    """Return the coupon of a value that is not NULL, `64 * bucket + level`."""
    mixed = (_word(value) + 0x9E3779B97F4A7C15) & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    mixed ^= mixed >> 31
    above = mixed >> 12 | 1 << 51
    return 64 * (mixed & 4095) + (above & -above).bit_length() - 1


_INTS = (Type.INT, Type.TIMESTAMP, Type.DURATION)

FUNCTIONS = (
    Function(
        "coupon",
        (
            *(
                Signature(
                    (kind,),
                    Type.INT,
                    "coupon_i64({0})",
                    uses=(("coupons", "coupon_i64"),),
                    total=True,
                )
                for kind in _INTS
            ),
            Signature(
                (Type.DOUBLE,), Type.INT, "coupon_f64({0})", uses=(("coupons", "coupon_f64"),)
            ),
            Signature((Type.STRING,), Type.INT),
        ),
        strict(coupon),
        operator=True,
        doc="what APPROX_DISTINCT counts of a value",
    ),
)
