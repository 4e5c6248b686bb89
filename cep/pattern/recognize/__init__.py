"""The program of a MATCH_RECOGNIZE: the positions of its pattern and what may follow each, by preference."""
