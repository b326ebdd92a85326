"""What a test command's end, its report and its output say: the verdict on it, and a name for its failure."""

from mission_fsm.core.verdict.expected import expecting_failure
from mission_fsm.core.verdict.judgement import fingerprint, verdict

__all__ = ["expecting_failure", "fingerprint", "verdict"]
