"""The kernel of MATCH, one part a file; `kernel.py` puts them together."""
