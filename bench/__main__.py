"""`python -m bench [SUBJECT]...`: all figures, or those of some subjects."""

from __future__ import annotations

import sys

from bench import checkpoint, durable_step, memory, resume, startup

SUBJECTS = {
    "durable_step": durable_step.measure,
    "resume": resume.measure,
    "checkpoint": checkpoint.measure,
    "startup": startup.measure,
    "memory": memory.measure,
}


def main(names: list[str]) -> int:
    """Measure those subjects, or all of them."""
    unknown = [name for name in names if name not in SUBJECTS]
    if unknown:
        sys.stderr.write(f"no figures of {', '.join(unknown)}; there are {', '.join(SUBJECTS)}\n")
        return 2
    for name in names or SUBJECTS:
        SUBJECTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
