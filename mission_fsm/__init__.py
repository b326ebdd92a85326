"""mission-fsm: runs a plan that a person approved, one step at a time, and nothing else."""
