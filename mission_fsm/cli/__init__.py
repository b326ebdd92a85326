"""The `mission` command: it reads projections, sends commands to the engine, and holds no rule of its own."""
