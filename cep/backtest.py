"""`cep.run`: rules over bounded inputs, to their end, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.api import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cep.rule_files import Rules
    from cep.tables import Table


def run(
    rules: Rules,
    inputs: Mapping[str, Any],
    *,
    params: Mapping[str, object] | None = None,
    tier: str = "auto",
    raw_time: bool = False,
    rewrites: bool = True,
) -> dict[str, Table]:
    """Run rules over bounded inputs to their end and return every output stream, empty ones too.

    Args:
        rules: a path, a list of paths (or of `SourceText`), or rule text.
        inputs: for each source stream a path or glob (`.jsonl .csv .parquet .arrow`), a table (see
            `Engine.send_batch`), or an iterable of mappings. Streams without input have ended.
        params: values of PARAMs.
        tier: see `Engine`.
        raw_time: output times as int us.
        rewrites: see `Engine`.

    Raises:
        CepError: mistakes of the rules; CEP401 no such stream; CEP5xx an input cannot be read.
    """
    with Engine(
        rules, params=params, tier=tier, raw_time=raw_time, bounded=True, rewrites=rewrites
    ) as engine:
        tables = engine.tables()
        for _ in engine.read(inputs):
            pass
        return tables
