"""Kernel tests keep their object cache in a folder of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("CEP_CHECKED", raising=False)
        yield
