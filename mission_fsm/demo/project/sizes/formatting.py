"""From a number of bytes to text."""

from sizes.units import STEP, UNITS


def format_size(size, digits=1):
    """A size in the largest unit of which it is at least one: 1536 is `1.5 KiB`. Bytes have no decimals."""
    if size < 0:
        return f"-{format_size(-size, digits)}"
    value, unit = size, 0
    while value > STEP and unit < len(UNITS) - 1:
        value /= STEP
        unit += 1
    if unit == 0:
        return f"{size} B"
    return f"{value:.{digits}f} {UNITS[unit]}"
