"""The imperative shell around the core: load a mission, decide, append, act."""
