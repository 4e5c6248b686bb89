"""Hand-written routines in the kernel language: ordinary Python functions, inlined into kernels."""
