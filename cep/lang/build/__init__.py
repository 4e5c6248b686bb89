"""Tree to AST: callbacks that the parser runs as it reduces each rule of the grammar."""

from __future__ import annotations

from cep.lang.build.expressions import ExpressionRules
from cep.lang.build.patterns import PatternRules
from cep.lang.build.queries import QueryRules
from cep.lang.build.statements import StatementRules


class Builder(StatementRules, QueryRules, PatternRules, ExpressionRules):
    """One method a rule or alias of the grammar; each takes the place and the built children."""
