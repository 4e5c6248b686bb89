"""The bytes of a checkpoint: named arrays and a JSON object, with lengths, a version and a checksum.

`magic 8 | version u32 | sections u32`, then for each section `length of the head u32 | head | content`, then 16 bytes
BLAKE2b over all before. A head is JSON: name, dtype, shape. Numbers are little-endian. Section `meta` is the JSON object.
"""

from __future__ import annotations

import json
import struct
from hashlib import blake2b
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.errors import error

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"CEPSTATE"
VERSION = 1
_START = struct.Struct("<8sII")
_LENGTH = struct.Struct("<I")
_CHECK = 16
_DTYPES = frozenset(["|b1", "|i1", "|u1", "<i4", "<i8", "<u8", "<f8"])
_META = "meta"


class DamagedError(ValueError):
    """The bytes are no whole checkpoint; the text says how that was seen."""


def encode(arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> bytes:
    """Return the bytes of a checkpoint. meta: JSON values."""
    text = json.dumps(meta, ensure_ascii=True).encode()
    parts = [_START.pack(MAGIC, VERSION, 1 + len(arrays))]
    for name, array in ((_META, np.frombuffer(text, np.uint8)), *arrays.items()):
        cells = np.ascontiguousarray(array)
        kind = cells.dtype.newbyteorder("<").str
        assert kind in _DTYPES, f"{name} is {kind}"
        head = json.dumps({"name": name, "dtype": kind, "shape": cells.shape}).encode()
        parts += [_LENGTH.pack(len(head)), head, cells.astype(kind, copy=False).tobytes()]
    content = b"".join(parts)
    return content + blake2b(content, digest_size=_CHECK).digest()


def decode(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the JSON object of a checkpoint.

    Nothing is read before the checksum over all bytes was found right, and no length is believed beyond them.

    Raises:
        DamagedError: the bytes are not those that were written.
        CepError: CEP509, a newer version wrote them.
    """
    end = len(content) - _CHECK
    if end < _START.size or blake2b(content[:end], digest_size=_CHECK).digest() != content[end:]:
        msg = "it is torn or was changed: its checksum is wrong"
        raise DamagedError(msg)
    magic, version, count = _START.unpack_from(content)
    if magic != MAGIC:
        msg = "it is no checkpoint"
        raise DamagedError(msg)
    if version > VERSION:
        msg = f"the checkpoint has format {version}, this version of cep reads up to {VERSION}"
        raise error("CEP509", msg, hint="install the version of cep that wrote it, or a newer one")
    try:
        found = _sections(content, count, end)
        meta = json.loads(found.pop(_META).tobytes())
    except (ValueError, KeyError, TypeError, struct.error) as problem:
        msg = f"its sections do not fit: {problem}"
        raise DamagedError(msg) from problem
    return found, meta


def _sections(content: bytes, count: int, end: int) -> dict[str, np.ndarray]:
    found = {}
    at = _START.size
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        head = json.loads(content[at : at + length])
        at += length
        kind, shape = head["dtype"], [int(n) for n in head["shape"]]
        if kind not in _DTYPES or any(n < 0 for n in shape):
            msg = f"{head['name']} has dtype {kind} and shape {shape}"
            raise ValueError(msg)
        cells = prod(shape)
        size = cells * np.dtype(kind).itemsize
        if at + size > end:
            msg = f"{head['name']} goes beyond the end"
            raise ValueError(msg)
        found[head["name"]] = np.frombuffer(content, kind, cells, at).reshape(shape).copy()
        at += size
    if at != end:
        msg = f"{end - at} bytes are left over"
        raise ValueError(msg)
    return found
