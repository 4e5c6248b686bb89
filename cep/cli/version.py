"""`cep version`: the versions of cep and of what it runs on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from cep import __version__

if TYPE_CHECKING:
    import argparse

LIBRARIES = ("lark", "numpy", "llvmlite", "msgspec", "prometheus-client", "pyarrow")


def configure(parser: argparse.ArgumentParser) -> None:
    """There are no arguments."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print one line a component."""
    del arguments
    print(f"cep {__version__}")
    print(f"python {platform.python_version()} ({platform.machine()})")
    for library in LIBRARIES:
        try:
            print(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            print(f"{library} not installed")
    return 0
