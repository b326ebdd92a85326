"""A diff that comes back from an editor is an edited one only where something of it is another."""

from __future__ import annotations

import pytest

from mission_fsm.cli.editing import edited
from mission_fsm.errors import UsageError

DIFF = b"--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n \n-one \n+two\t\n a\n \n"


@pytest.mark.parametrize("trims", ["s/[[:space:]]*$//", "$d", "s/$/ /"])
def test_white_space_that_an_editor_trims_at_the_ends_is_no_edit(monkeypatch: pytest.MonkeyPatch, trims: str) -> None:
    monkeypatch.setenv("VISUAL", f"sed -i.bak '{trims}'")
    with pytest.raises(UsageError, match="came back as it was"):
        edited(DIFF)


def test_all_else_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i.bak s/two/three/")
    assert edited(DIFF) == DIFF.replace(b"two", b"three")
