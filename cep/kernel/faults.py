"""What the checked mode reports: a kernel did something its contract forbids."""

from __future__ import annotations

from dataclasses import dataclass

# Kinds of fault, as numbered in the fault cells of the llvm tier's context block.
INDEX = 1
OVERFLOW = 2
DIVISION = 3
SHIFT = 4
NARROW = 5
N_FAULT_CELLS = 3  # kind, number of the site, value

_TEXTS = {
    INDEX: "index {value} is outside array {array!r}",
    OVERFLOW: "an integer operation overflows int64",
    DIVISION: "'//' or '%' by zero",
    SHIFT: "shift by {value}; 0 to 63 are allowed",
    NARROW: "{value} does not fit into an element of array {array!r}",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a kernel that can fault: file name, line, array (or "")."""

    file: str
    line: int
    array: str = ""


class KernelFault(Exception):  # noqa: N818 - the field's word for a trap
    """A trap of the checked mode (`CEP_CHECKED=1`); always a mistake in the kernel, never in an event.

    Attributes: `kernel` (entry name), `kind` (a constant of this module), `site` (file, line, array),
    `value` (the index, shift count or stored value; 0 for other kinds).
    """

    def __init__(self, kernel: str, kind: int, site: Site, value: int = 0) -> None:
        self.kernel = kernel
        self.kind = kind
        self.site = site
        self.value = value
        text = _TEXTS[kind].format(value=value, array=site.array)
        super().__init__(f"kernel {kernel!r}, {site.file}:{site.line}: {text}")


class Trap(Exception):  # noqa: N818 - internal: becomes a KernelFault at the call
    """Raised by the helpers of the checked python tier; carries (kind, site, value)."""

    def __init__(self, kind: int, site: Site, value: int = 0) -> None:
        self.kind = kind
        self.site = site
        self.value = value
        super().__init__(kind, site, value)
