"""Records of CSV text in bytes: where each ends, and its fields (RFC 4180).

Source: RFC 4180, section 2. A quote opens only at the start of a field and must be closed before a comma or
a line end. Where it is not, the first line is no record and reading goes on with the next line, so that one
stray quote costs one line. What a line is does not depend on how the bytes were cut into blocks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_BYTES = 1 << 20  # a quoted record beyond is taken for a quote that was never closed

_OPEN = rb'"[^"]*+(?:""[^"]*+)*+'
_FIELD = rb"(?:" + _OPEN + rb'"|[^",\r\n][^,\r\n]*+|)'
_LINE_END = rb"(?:\r\n|\n|\r"
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+" + _LINE_END + rb")")
_LAST_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+" + _LINE_END + rb"|\Z)")
_UNFINISHED = re.compile(rb"(?:" + _FIELD + rb",)*+(?:" + _FIELD + rb"|" + _OPEN + rb'"?)\Z')
_LINE = re.compile(rb"[^\r\n]*+" + _LINE_END + rb"|\Z)")
_ONE_FIELD = re.compile(r'(?:\A|,)(?:"((?:[^"]|"")*+)"|([^,]*+))')


def whole_bytes(block: bytes) -> int:
    """Return how many bytes at the start of a block are whole records."""
    if b'"' not in block:
        return max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
    place = 0
    while True:
        found = _RECORD.match(block, place)
        if found is None or found.end() - place > LONGEST_BYTES:
            rest = len(block) - place
            if rest <= LONGEST_BYTES and _UNFINISHED.match(block, place):
                return place
            line = _LINE.match(block, place)
            assert line is not None
            if line.end() == len(block) and not block.endswith((b"\n", b"\r"), place):
                return place
            place = line.end()
        else:
            place = found.end()


def records(block: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield each record of whole ones without its line end, and whether it is well formed; no empty lines."""
    place, size = 0, len(block)
    while place < size:
        found = _LAST_RECORD.match(block, place)
        good = found is not None and found.end() - place <= LONGEST_BYTES
        if not good:
            found = _LINE.match(block, place)
        assert found is not None
        record = _without_line_end(found[0])
        if record:
            yield record, good
        place = found.end()


def _without_line_end(record: bytes) -> bytes:
    if record.endswith(b"\r\n"):
        return record[:-2]
    return record[:-1] if record.endswith((b"\n", b"\r")) else record


def fields(record: str) -> list[str | None]:
    """Return the fields of a well-formed record; an empty one without quotes is None, with quotes ''."""
    if '"' not in record:
        return [field or None for field in record.split(",")]
    return [
        found[1].replace('""', '"') if found.lastindex == 1 else (found[2] or None)
        for found in _ONE_FIELD.finditer(record)
    ]
