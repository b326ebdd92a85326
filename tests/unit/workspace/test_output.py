"""What is kept of a long output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mission_fsm.workspace.output import HeadAndTail


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(min_value=1, max_value=40))
def test_the_beginning_and_the_end_are_kept_and_what_is_left_out_is_counted(chunks: list[bytes], cap: int) -> None:
    output = HeadAndTail(cap)
    for chunk in chunks:
        output.add(chunk)
    whole = b"".join(chunks)
    assert output.total_bytes == len(whole)
    if len(whole) <= 2 * cap:
        assert output.kept() == whole
    else:
        note = f"\n[... {len(whole) - 2 * cap:,} bytes left out ...]\n".encode()
        assert output.kept() == whole[:cap] + note + whole[-cap:]
