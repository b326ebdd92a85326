"""Numbers of bytes, as people write and read them."""

from __future__ import annotations

import re

from mission_fsm.core.wording import MismatchError

_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def bytes_of(text: str) -> int:
    """The number of bytes that such as `2GB`, `500 MB`, `64KiB` or `4096` means. Raises MismatchError."""
    given = re.fullmatch(r"([0-9]{1,15}) ?([kmgt]?)(i?)b?", text.strip(), re.IGNORECASE | re.ASCII)
    if given is None or (given[3] and not given[2]):
        raise MismatchError("a number of bytes such as 500MB, 2GB or 64MiB", text)
    return int(given[1]) * int((1024 if given[3] else 1000) ** _POWERS[given[2].lower()])


def in_bytes(number: int) -> str:
    """`512 bytes`, `1.5 kB`, `20.0 MB`: short, and by powers of 1,000."""
    if number < 1000:
        return f"{number} byte{'' if number == 1 else 's'}"
    power = 1 if number < 999_950 else 2 if number < 999_950_000 else 3
    return f"{number / 1000**power:,.1f} {('kB', 'MB', 'GB')[power - 1]}"
