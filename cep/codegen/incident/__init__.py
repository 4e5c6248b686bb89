"""The kernel of an incident: `kernel.py` writes its life, `scope.py` the names its clauses may read."""
