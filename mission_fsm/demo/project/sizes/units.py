"""The binary units of IEC 80000-13: each is 1024 times the one before it."""

STEP = 1024
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
