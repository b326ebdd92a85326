"""From text to a number of bytes."""

import re

from sizes.units import STEP, UNITS

_SIZE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def parse_size(text):
    """The bytes that a text such as `1.5 KiB` means; without a unit, the number itself."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a size, such as '1.5 KiB'")
    number, name = found.groups()
    units = {unit.lower(): power for power, unit in enumerate(UNITS)}
    if name and name.lower() not in units:
        raise ValueError(f"{name!r} is not one of the units {', '.join(UNITS)}")
    return round(float(number) * STEP ** units.get(name.lower(), 0))
