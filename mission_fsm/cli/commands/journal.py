"""`replay` and `verify`: the journal, read from its beginning."""

from __future__ import annotations

import click

from mission_fsm.cli.invocation import Invocation, mission_argument, standard_options
from mission_fsm.cli.rest import standing
from mission_fsm.cli.words import print_json
from mission_fsm.converter import converter
from mission_fsm.core.projections import status
from mission_fsm.core.wording import count
from mission_fsm.errors import UsageError
from mission_fsm.runner.audit import Verification


@click.command("replay")
@mission_argument
@click.option("--at", type=click.IntRange(min=1), metavar="N", help="Only to the event with that sequence.")
@standard_options
def replay_command(invocation: Invocation, mission: str | None, at: int | None) -> int:
    """Fold a mission's events anew, to the end or to one of them.

    Nothing is run: the events alone say where the mission stood. Every move among them has to be one that the
    lifecycle allows; and to the end, all that was decided is decided again, and has to give the same events. Or
    else the exit status is 8.

    \b
    Examples:
      mission replay 7kd
      mission replay 7kd --at 12 --json
    """
    with invocation.open() as engine:
        mission_id = invocation.find(engine, mission)
        if at is None:
            checked = engine.checked_replay(mission_id)
            folded, how = checked.mission, f"folded from the first, {count(checked.decisions, 'decision')} made again"
        else:
            folded, how = engine.replay(mission_id, at), "folded from the first"
    if invocation.as_json:
        print_json(status(folded))
    else:
        click.echo(f"{count(folded.sequence, 'event')}, {how}; there, {standing(folded)}")
    return 0


@click.command("verify")
@mission_argument
@click.option("--all", "every", is_flag=True, help="Every mission of the home.")
@click.option("--head", metavar="DIGEST", help="A head that you kept: the journal has to hold it still.")
@standard_options
def verify_command(
    invocation: Invocation,
    mission: str | None,
    every: bool,  # noqa: FBT001 - click's
    head: str | None,
) -> int:
    """Prove that a mission's journal is what was written.

    Each event holds the hash of the one before it, so a change, a gap or another order shows, and where; every
    move is held against the lifecycle, and every artifact and checkpoint against its digest. The exit status is
    8 where anything is amiss.

    Who can write the journal could cut its end off, or write it anew. Keep the head that is printed here where
    they cannot write, and give it later: it shows either.

    \b
    Examples:
      mission verify
      mission verify --all
      mission verify 7kd --head 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
    """
    if every and mission:
        raise UsageError(f"name mission {mission}, or all of them with --all, and not both")
    if every and head:
        raise UsageError("a head is one mission's: name that mission with --head, and leave --all out")
    with invocation.open() as engine:
        chosen = [row.mission_id for row in engine.missions()] if every else [invocation.find(engine, mission)]
        verified = [engine.verify(mission_id, head) for mission_id in chosen]
    if invocation.as_json:
        told = [converter.unstructure(verification) for verification in verified]
        print_json({"verified": told} if every else told[0])
    else:
        for verification in verified:
            click.echo(_in_words(verification))
    return 0


def _in_words(verification: Verification) -> str:
    looked_at = ", ".join(
        count(number, noun)
        for number, noun in (
            (verification.events, "event"),
            (verification.transitions, "transition"),
            (verification.checkpoints, "checkpoint"),
            (verification.blobs, "blob"),
        )
    )
    told = f"mission {verification.mission_id} is as it was written: {looked_at}, head {verification.head}"
    match verification.since_head:
        case None:
            return told
        case 0:
            return f"{told}, which is the one that was kept"
        case since:
            return f"{told}; the one that was kept is there, {count(since, 'event')} before it"
