"""Plan files: YAML, JSON and TOML, read into plans that are complete, canonical and known by their digest."""
