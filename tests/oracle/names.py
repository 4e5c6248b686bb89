"""Names that stand in FROM."""

from __future__ import annotations

from cep.lang import ast
from tests.oracle.values import UnsupportedError


def table_of(function: ast.TableFunction) -> str:
    """Return the stream a windowing table function reads."""
    match function.args[0]:
        case ast.TableArgument(table=str(name)) | ast.Name(name=name):
            return name
        case other:
            raise UnsupportedError(type(other).__name__)
