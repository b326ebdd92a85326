"""The functional core: no clock, no files, no processes, no logging, no randomness."""
