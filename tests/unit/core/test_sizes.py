"""Numbers of bytes are read as people write them, and written as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.core.sizes import bytes_of, in_bytes
from mission_fsm.core.wording import MismatchError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("4096", 4096),
        ("512 B", 512),
        ("64kB", 64_000),
        ("64 KiB", 65_536),
        ("500MB", 500_000_000),
        ("2g", 2_000_000_000),
        (" 2GiB ", 2 << 30),
        ("1tb", 10**12),
    ],
)
def test_a_number_with_its_unit_is_that_many_bytes(text: str, number: int) -> None:
    assert bytes_of(text) == number


@pytest.mark.parametrize("text", ["", "B", "MB", "-1", "1.5GB", "2 gigabytes", "1ib", "1e9", "٣MB", "9" * 16])
def test_what_is_no_number_of_bytes_is_told(text: str) -> None:
    with pytest.raises(MismatchError, match="expected a number of bytes such as 500MB"):
        bytes_of(text)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (20_480_000, "20.5 MB"),
        (5 * 10**12, "5,000.0 GB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_fits(number: int, words: str) -> None:
    assert in_bytes(number) == words


@given(st.integers(1000, 10**15))
def test_what_is_told_is_right_to_the_last_digit_that_is_told(number: int) -> None:
    value, unit = in_bytes(number).replace(",", "").split()
    scale = {"kB": 10**3, "MB": 10**6, "GB": 10**9}[unit]
    assert abs(float(value) * scale - number) <= 0.051 * scale
