"""The kernel of GROUP BY with TUMBLE or HOP, one part a file; `kernel.py` puts them together."""
