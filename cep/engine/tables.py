"""The files that tables start with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import EventBatch
from cep.connectors.file import open_sources
from cep.schema import Schema
from cep.types import NULL_I64, null_column

if TYPE_CHECKING:
    from cep.batch import Decoded
    from cep.connectors.base import Source
    from cep.graph.graph import StreamSpec
    from cep.strings import StringTable

TIME = "ts"


def open_table(spec: StreamSpec, strings: StringTable) -> list[Source]:
    """Return the files a table starts with; a relative path is relative to the rule file.

    Raises:
        CepError: CEP504 no such file or not readable, CEP505 unknown format.
    """
    place = str(dict(spec.options)["source"])
    rules = spec.span.source
    beside = Path(rules.name).parent / place if rules is not None else Path(place)
    columns = tuple(c for c in spec.schema.columns if c.name != TIME)
    return open_sources(
        str(beside if beside.exists() else place), replace(spec, schema=Schema(columns)), strings
    )


def table_rows(spec: StreamSpec, decoded: Decoded) -> EventBatch:
    """Return rows of a table that come before every event."""
    rows = decoded.rows_read - len(decoded.rejects)
    columns = dict(decoded.columns)
    for column in spec.schema.columns:
        if column.name not in columns:
            columns[column.name] = null_column(column.type, rows)
    return EventBatch(spec.schema, columns, np.full(rows, NULL_I64 + 1, np.int64), 0)
