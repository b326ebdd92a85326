"""Which stage performs a step whose plan names none: decided by the verb of its description (see `grammar`)."""

from mission_fsm.core.mapping.grammar import Mapped, map_description
from mission_fsm.core.mapping.verbs import Listed, Table

__all__ = ["Listed", "Mapped", "Table", "map_description"]
