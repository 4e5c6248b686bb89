"""The string table: codes in order of appearance, NULL, ranks by code point, the way through a snapshot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.strings import StringTable

TEXTS = st.lists(st.none() | st.text(max_size=4), max_size=30)
HALF_A_PAIR = "\ud800"


def table_of(*texts: str | None) -> StringTable:
    table = StringTable()
    table.encode(texts)
    return table


@given(TEXTS, TEXTS)
def test_a_text_keeps_the_code_of_its_first_appearance(
    first: list[str | None], second: list[str | None]
) -> None:
    table = StringTable()
    codes = table.encode(first)
    order = [t for t in dict.fromkeys(first) if t is not None]
    assert codes.dtype == np.int32
    assert codes.tolist() == [-1 if t is None else order.index(t) for t in first]
    assert len(table) == len(order)
    assert table.encode(iter(second)).tolist() == [table.code(t) for t in second]
    assert table.encode(first).tolist() == codes.tolist()
    assert table.decode(codes) == first
    assert [table.text(c) for c in codes.tolist()] == first


def test_null_has_a_code_but_is_no_text() -> None:
    table = StringTable()
    assert len(table) == 0
    assert table.encode([]).dtype == np.int32
    assert table.code(None) == -1
    assert table.text(-1) is None
    assert len(table) == 0
    table.code("")
    assert table.texts() == ["", None]


@given(st.sets(st.text(max_size=4)), st.sets(st.text(max_size=4)))
def test_ranks_are_in_code_point_order_also_after_more_texts(
    first: set[str], second: set[str]
) -> None:
    table = table_of(*first)
    for _ in range(2):
        ranks = table.ranks()
        assert ranks.dtype == np.int32
        texts = table.texts()[:-1]
        assert sorted(texts) == [t for _, t in sorted(zip(ranks.tolist(), texts, strict=True))]
        assert table.ranks() is ranks
        table.encode(list(second))


def test_order_is_by_code_point_not_by_utf_16() -> None:
    """U+FFFD comes before U+1F525, whose UTF-16 form begins with D83D; capitals come before small letters."""
    table = table_of("\U0001f525", "\ufffd", "a", "Z", "", "é")
    assert table.ranks().tolist() == [5, 4, 2, 1, 0, 3]


@given(st.lists(st.text(max_size=6), unique=True))
def test_a_table_comes_back_from_its_arrays(texts: list[str]) -> None:
    table = table_of(*texts)
    arrays = table.arrays()
    assert arrays["bytes"].dtype == np.uint8
    assert arrays["ends"].tolist() == np.cumsum([len(t.encode()) for t in texts]).tolist()
    back = table_of("something", "else")
    ranks = back.ranks()
    back.restore({name: array.copy() for name, array in arrays.items()})
    assert back.texts() == table.texts()
    assert back.encode(texts).tolist() == list(range(len(texts)))
    assert back.ranks() is not ranks
    assert back.ranks().tolist() == table.ranks().tolist()
    assert back.code("something more") == len(texts)


def test_half_a_surrogate_pair_is_refused_and_leaves_nothing() -> None:
    table = table_of("a")
    with pytest.raises(UnicodeEncodeError):
        table.code(HALF_A_PAIR)
    with pytest.raises(UnicodeEncodeError):
        table.encode(["b", HALF_A_PAIR])
    assert table.texts() == ["a", "b", None]
    assert table.encode(["c", "b"]).tolist() == [2, 1]
