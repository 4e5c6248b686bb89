"""The kernel of a MATCH_RECOGNIZE."""
