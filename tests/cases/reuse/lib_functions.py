"""The function of `lib.cep`."""


def twice(x: int) -> int:
    """Return 2 * x."""
    return x + x
