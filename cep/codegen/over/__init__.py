"""The kernel of OVER: `frame.py` keeps the rows of a frame, `kernel.py` writes a row for each row."""
