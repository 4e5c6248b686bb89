"""Parquet files (needs the `arrow` extra)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.connectors.base import Format
from cep.connectors.formats.arrow import from_record_batch, need_pyarrow
from cep.errors import CepError, error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cep.batch import Decoded
    from cep.graph.graph import StreamSpec
    from cep.strings import StringTable

ROWS_READ_AT_ONCE = 65_536


def read_parquet(path: Path, spec: StreamSpec, strings: StringTable) -> Iterator[Decoded]:
    """Yield the rows of a Parquet file in batches of `ROWS_READ_AT_ONCE`.

    Raises:
        CepError: CEP504, the file cannot be read.
    """
    pa = need_pyarrow()
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            wanted = [n for n in spec.schema.names() if n in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=ROWS_READ_AT_ONCE, columns=wanted):
                yield from_record_batch(batch, spec, strings)
    except CepError:
        raise
    except (pa.ArrowException, OSError) as problem:
        msg = f"cannot read {path}: {problem}"
        raise error("CEP504", msg) from problem


FORMAT = Format(name="parquet", endings=(".parquet", ".pq"), read=read_parquet)
