"""Arrow and Parquet files where pyarrow is not installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import cep

if TYPE_CHECKING:
    from pathlib import Path

RULES = "CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts); CREATE RULE r AS SELECT ts FROM s;"


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / f"s.{ending}"
    path.write_bytes(b"")
    with pytest.raises(cep.CepError, match=r"needs pyarrow") as caught:
        cep.run(RULES, {"s": str(path)}, tier="python")
    assert caught.value.code == "CEP503"
    assert caught.value.hint == "pip install 'cep[arrow]'"
