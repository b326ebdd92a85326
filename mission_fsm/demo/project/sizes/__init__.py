"""Sizes in bytes, for people to read and to write."""

from sizes.formatting import format_size
from sizes.parsing import parse_size
from sizes.table import size_table

__all__ = ["format_size", "parse_size", "size_table"]
