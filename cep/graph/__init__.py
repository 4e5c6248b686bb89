"""The meeting place of compiler and runtime: compiled rules as plain data, no behaviour."""
