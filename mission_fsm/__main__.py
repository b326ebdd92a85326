"""`python -m mission_fsm` is `mission`."""

from __future__ import annotations

from mission_fsm.cli.main import main

if __name__ == "__main__":
    main()
