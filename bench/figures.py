"""Figures as data, each beside what it is compared with, and how they are shown."""

from __future__ import annotations

from attrs import frozen


@frozen
class Aim:
    """What was aimed at, in words, and whether it is met."""

    words: str
    met: bool


@frozen
class Figure:
    """One figure.

    times, of: how many times that other figure of the same run it is.
    """

    name: str
    value: float
    unit: str
    times: float | None = None
    of: str = ""
    aim: Aim | None = None


@frozen
class Table:
    """Figures of one subject. meaning: what they mean, in two or three sentences."""

    title: str
    meaning: str
    figures: tuple[Figure, ...]


def at_most(value: float, most: float, unit: str) -> Aim:
    """The aim that a value is no more than that."""
    return Aim(f"at most {most:g} {unit}", value <= most)


def at_least(value: float, least: float, unit: str) -> Aim:
    """The aim that a value is no less than that."""
    return Aim(f"at least {least:g} {unit}", value >= least)


def number(value: float) -> str:
    """A number with the digits that mean something."""
    digits = next((digits for digits, above in enumerate((100, 10, 1)) if abs(value) >= above), 3)
    return f"{value:,.{digits}f}"


def shown(table: Table) -> str:
    """A table for a terminal."""
    lines = [table.title]
    for figure in table.figures:
        remarks = [words for words in (_beside(figure), _aimed(figure)) if words]
        lines.append(f"  {figure.name:<48} {number(figure.value):>10} {figure.unit:<10} {'; '.join(remarks)}".rstrip())
    return "\n".join(lines)


def markdown(table: Table) -> str:
    """A table for a page."""
    rows = [
        f"| {figure.name} | {number(figure.value)} {figure.unit} | {_beside(figure)} | {_aimed(figure)} |"
        for figure in table.figures
    ]
    head = ["| | | beside | aim |", "| --- | ---: | --- | --- |"]
    return "\n".join([f"### {table.title}", "", table.meaning, "", *head, *rows, ""])


def _beside(figure: Figure) -> str:
    return "" if figure.times is None else f"{number(figure.times)} times {figure.of}"


def _aimed(figure: Figure) -> str:
    return "" if figure.aim is None else f"{figure.aim.words}{'' if figure.aim.met else ': missed'}"
