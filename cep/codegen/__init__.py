"""Source text of kernels: expression forms, layouts, and one generator an operator.

`forms` turns typed expressions into kernel text, `vector` into numpy text, `host` into Python text for
computed columns and string tables. `layout.Layout` collects the arrays a kernel needs and assembles its
`KernelSpec`; a `scope.Scope` says where the leaves of an expression are found.
"""
