"""Who is compared, and who is not, and why."""

from __future__ import annotations

from attrs import frozen


@frozen
class Contender:
    """A library, used in one way.

    name: as the table has it.
    module: of its file here. variant: what `opened` there is told.
    packages: what it is installed from, at the versions of requirements.txt; one with none runs as part of the project.
    note: what a reader has to know to compare it.
    """

    name: str
    module: str
    variant: str = ""
    packages: tuple[str, ...] = ()
    note: str = ""


OURS = Contender("mission-fsm", "ours")

_LANGGRAPH = ("langgraph", "langgraph-checkpoint-sqlite")

CONTENDERS = (
    Contender(
        "eventsourcing", "eventsourcing", packages=("eventsourcing",), note="a bare event store: it runs nothing"
    ),
    Contender("Burr, counter", "burr", "counter", ("burr",), "its state is two numbers; no history is kept of it"),
    Contender("Burr, log", "burr", "log", ("burr",), "its state grows by one entry with each step"),
    Contender("LangGraph, counter", "langgraph_graph", "counter", _LANGGRAPH, "its state is two numbers"),
    Contender("LangGraph, log", "langgraph_graph", "log", _LANGGRAPH, "its state grows by one entry with each step"),
    Contender("LangGraph, functional", "langgraph_functional", packages=_LANGGRAPH),
    Contender("DBOS", "dbos", packages=("dbos",)),
    Contender(
        "pydantic-graph 1",
        "pydantic_graph",
        packages=("pydantic-graph",),
        note="it syncs nothing: what it wrote last is lost with the power",
    ),
)

LEFT_OUT = {
    "Temporal": "its development server is a program that would be fetched from elsewhere",
    "Restate": "its server comes from elsewhere than PyPI",
    "Prefect": "it starts a server of its own, and takes minutes for 200 pieces of work",
    "PostgreSQL, under eventsourcing, LangGraph and DBOS": "it needs a database server that is running",
}
