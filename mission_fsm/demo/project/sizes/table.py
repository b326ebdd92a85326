"""Sizes below each other, the largest first."""

from sizes.formatting import format_size


def size_table(sizes):
    """Lines of a table: sizes, aligned to the right, and the names that they belong to."""
    rows = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    texts = [format_size(size) for _, size in rows]
    width = max(map(len, texts), default=0)
    return [f"{text:>{width}}  {name}" for text, (name, _) in zip(texts, rows)]
