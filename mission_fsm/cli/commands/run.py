"""`run`: from a plan's file to where the mission rests first, or from there on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from mission_fsm.cli.foreground import came_to, carry_on, decide_plan
from mission_fsm.cli.invocation import Invocation, by_option, no_run_option, standard_options, take_over_option
from mission_fsm.cli.plan_page import plan_page
from mission_fsm.cli.progress import teller
from mission_fsm.core.mission import Mission, State
from mission_fsm.engine import Engine
from mission_fsm.errors import Held, Refused, UnknownMission
from mission_fsm.planfile.canonical import differences
from mission_fsm.planfile.load import load_plan
from mission_fsm.registry import Registry


@click.command("run")
@click.argument("what", metavar="[PLAN|ID]", required=False)
@click.option("--approve", is_flag=True, help="Approve the plan.")
@click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="RULE",
    help="Decide gates in advance: edit, edit:GLOB, test, all, or a stage by its name. May be given several times.",
)
@no_run_option
@take_over_option
@by_option
@standard_options
def run_command(
    invocation: Invocation,
    what: str | None,
    approve: bool,  # noqa: FBT001 - as click calls it
    grants: tuple[str, ...],
    no_run: bool,  # noqa: FBT001
    take_over: bool,  # noqa: FBT001
) -> int:
    """Run a plan, or carry a mission on, to the next gate, pause, failure or end.

    PLAN is a file; what is no file is the id of a mission, or its beginning. Without --approve a terminal shows the
    plan and asks; anything else leaves the mission idle, with exit status 3. A gate on a terminal shows the change
    and asks; anything else leaves it waiting, with exit status 3. A mission of the same plan that has not begun is
    carried on, rather than another one made.

    Ctrl-C pauses, with exit status 4, and twice stops, with 6: while a step runs, and while a gate asks. While the
    plan is asked about nothing runs yet, and Ctrl-C leaves it waiting. So does Ctrl-D, anywhere.

    \b
    Examples:
      mission run plan.yaml
      mission run plan.yaml -C project --approve --grant 'edit:src/**' --grant test
      mission run 7kd
    """
    told = teller(as_json=invocation.as_json)
    with invocation.open(told) as engine:
        plan = _file(what)
        if plan is not None:
            _refuse_if_held(engine, invocation.folder, plan)
            mission = _unbegun(invocation, engine, plan, grants) or engine.create(
                plan, invocation.folder, grants=grants
            )
        else:
            mission = engine.state(_find(invocation, engine, what))
        given = _granted(mission)
        for rule in [rule for rule in grants if rule not in given]:
            mission = engine.grant(mission.mission_id, rule)
        if mission.state is State.IDLE and mission.plan_decision == "pending":
            mission = _decide_plan(invocation, engine, mission, plan, approve=approve)
            if mission.plan_decision != "approved":
                return came_to(invocation, engine, mission)
        if no_run:
            return came_to(invocation, engine, mission)
        return carry_on(invocation, engine, mission.mission_id, told, take_over=take_over)


def _file(what: str | None) -> Path | None:
    """The plan's file; None where the word names none, and so a mission."""
    if what is None:
        return None
    path = Path(what)
    with suppress(OSError):  # for words that no file can have as a name
        if path.exists():
            return path
    # What is written like a file is meant as one, and reading it says what is the matter.
    return path if "/" in what or "." in what else None


def _find(invocation: Invocation, engine: Engine, what: str | None) -> str:
    try:
        return invocation.find(engine, what)
    except UnknownMission as error:
        if what is None or any(row.mission_id.startswith(what) for row in engine.missions()):
            raise
        raise UnknownMission(f"{what!r} is no file, and {error}") from None


def _refuse_if_held(engine: Engine, workspace: Path, plan: Path) -> None:
    """Raise Refused where another mission holds the workspace; nothing is made then."""
    holding = next((row for row in engine.missions(workspace) if row.holds_workspace), None)
    if holding is None:
        return
    whose = f"mission {holding.mission_id}, which is {holding.state.replace('_', ' ')}, holds the workspace"
    carry_it_on = f"`mission run {holding.mission_id}` carries it on, and `mission stop {holding.mission_id}` ends it"
    if holding.source == str(plan.resolve()):
        approved = engine.state(holding.mission_id).plan
        changes = differences(approved, load_plan(plan, Registry.installed(), workspace=workspace).plan)
        if changes:
            raise Refused(
                f"{whose}, and was made from this plan before it changed ({'; '.join(changes)}); "
                f"what was approved is what runs: {carry_it_on}"
            )
    raise Held(f"{whose}; {carry_it_on}")


def _unbegun(invocation: Invocation, engine: Engine, plan: Path, grants: tuple[str, ...]) -> Mission | None:
    """A mission of this very plan that has not begun, and still may; making another would leave that one about."""
    idle = [row for row in engine.missions(invocation.folder) if row.state == State.IDLE]
    digest = load_plan(plan, Registry.installed(), workspace=invocation.folder).plan.digest if idle else None
    for mission in (engine.state(row.mission_id) for row in idle if row.plan_digest == digest):
        needed = "approve" if mission.plan_decision == "pending" else "start"
        # It is not to be allowed more than what is granted here.
        if _granted(mission) <= set(grants) and engine.why_not(mission.mission_id, needed) is None:
            if not invocation.as_json:
                click.echo(f"mission {mission.mission_id} has this plan, and has not begun: it is carried on", err=True)
            return mission
    return None


def _granted(mission: Mission) -> set[str]:
    """The rules that decide gates of the mission."""
    return {grant.rule for grant in mission.grants if grant.revoked_by is None}


def _decide_plan(
    invocation: Invocation, engine: Engine, mission: Mission, plan: Path | None, *, approve: bool
) -> Mission:
    if approve:
        return engine.approve(mission.mission_id, digest=mission.plan.digest, reason="--approve")
    if not invocation.may_ask:
        return mission
    loaded = load_plan(plan, Registry.installed(), workspace=Path(mission.workspace)) if plan is not None else None
    mapped = loaded.mapped if loaded is not None and loaded.plan.digest == mission.plan.digest else ()
    click.echo(plan_page(mission.plan, mapped, options=True))
    return decide_plan(engine, mission)
