"""Runs rules over rows in arrival order through the Python interface, to compare the engine with the model."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import cep
from tests.harness.sources import source_of

Row = dict[str, Any]


def run_engine(
    rules: str,
    events: list[tuple[str, Row]],
    *,
    tier: str = "python",
    batch_rows: int = 10_000,
    restart_after: int | None = None,
) -> dict[str, list[Row]]:
    """Return the rows of every output stream of a bounded input, times as int us.

    Rows that follow each other in one stream are sent together, at most `batch_rows` at once. With
    `restart_after` the engine is thrown away after so many of these calls and goes on from its snapshot.
    """
    outputs: dict[str, list[Row]] = {}
    engine = _engine(rules, tier, outputs)
    for name in {*engine.sources} - {stream for stream, _ in events}:
        engine.end(name)
    for number, (stream, rows) in enumerate(_batches(events, batch_rows)):
        if number == restart_after:
            arrays = engine.snapshot()
            engine.close()
            engine = _engine(rules, tier, outputs)
            engine.load_snapshot(arrays)
        engine.send_many(stream, rows)
    engine.flush()
    engine.close()
    return outputs


def _engine(rules: str, tier: str, outputs: dict[str, list[Row]]) -> cep.Engine:
    engine = cep.Engine([source_of(rules)], tier=tier, bounded=True, raw_time=True)
    for name in engine.outputs:
        rows = outputs.setdefault(name, [])
        engine.on(name)(lambda event, rows=rows: rows.append(event.to_dict()))
    return engine


def _batches(events: list[tuple[str, Row]], most: int) -> list[tuple[str, list[Row]]]:
    found = []
    for stream, group in groupby(events, key=lambda e: e[0]):
        rows = [row for _, row in group]
        found += [(stream, rows[i : i + most]) for i in range(0, len(rows), most)]
    return found
