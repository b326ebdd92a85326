"""How the properties are tried: quickly on a developer's machine, and the same way each time on a CI's."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: on a busy machine an example may take long without being wrong.
settings.register_profile("developer", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developer")
