"""`export`, `import` and `backup`: a mission, or a whole home, as one file."""

from __future__ import annotations

from pathlib import Path

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.words import one_line, print_json
from mission_fsm.converter import converter
from mission_fsm.core.lifecycle import FINAL
from mission_fsm.core.wording import count

_file = click.argument("file", type=click.Path(path_type=Path))
_force = click.option("--force", is_flag=True, help="Also over a file that is there.")


@click.command("export")
@click.argument("mission", metavar="ID")
@_file
@_force
@standard_options
def export_command(invocation: Invocation, mission: str, file: Path, force: bool) -> int:  # noqa: FBT001 - click's
    """Write a mission to one file that verifies by itself.

    A plain tar archive: the events, as they are kept, and every blob that they speak of. The mission is verified
    first. It may be running; the file then holds it as its last commit left it.

    \b
    Examples:
      mission export 7kd 7kd.mission
      tar --list --file 7kd.mission
    """
    with invocation.open() as engine:
        exported = engine.export_mission(invocation.find(engine, mission), file, force=force)
    if invocation.as_json:
        print_json(converter.unstructure(exported))
    else:
        click.echo(
            f"mission {exported.mission_id} up to event {exported.events}, with {count(exported.blobs, 'blob')}, is in "
            f"{one_line(str(file))} ({exported.size_bytes:,} bytes), head {exported.head}"
        )
    return 0


@click.command("import")
@_file
@standard_options
def import_command(invocation: Invocation, file: Path) -> int:
    """Take in a mission from a file that `export` wrote.

    All that `verify` looks at is looked at before anything is written; where anything is amiss the exit status is
    8. The mission comes as it was, with what was approved; nobody runs it, and it holds no workspace. It can be
    shown, replayed and verified anywhere; to run it on or to roll it back takes its workspace, where it was.

    \b
    Examples:
      mission import 7kd.mission
    """
    with invocation.open() as engine:
        imported = engine.import_mission(file)
    if invocation.as_json:
        print_json(converter.unstructure(imported))
        return 0
    what = f"mission {imported.mission_id}: {count(imported.events, 'event')}, {count(imported.blobs, 'blob')}"
    if imported.was_there:
        click.echo(f"{what}; all of it was here already, and nothing was written")
        return 0
    click.echo(f"{what}, {imported.state.replace('_', ' ')}, head {imported.head}")
    if imported.state not in FINAL:
        click.echo(
            f"`mission run {imported.mission_id}` would carry it on in {one_line(imported.workspace)}, with what the "
            f"file says was approved: see `mission log {imported.mission_id}` first"
        )
    return 0


@click.command("backup")
@_file
@_force
@standard_options
def backup_command(invocation: Invocation, file: Path, force: bool) -> int:  # noqa: FBT001 - click's
    """Copy the whole home to one file, while missions run.

    The copy is as the journal was at one instant, and sound. To restore it, put it into an empty folder as
    journal.db, and name that folder with --home.

    \b
    Examples:
      mission backup missions.backup
    """
    with invocation.open() as engine:
        backup = engine.backup(file, force=force)
    if invocation.as_json:
        print_json(converter.unstructure(backup))
    else:
        where = one_line(str(file))
        click.echo(
            f"{count(backup.missions, 'mission')} of {invocation.home_folder}, in {where}: {backup.size_bytes:,} bytes"
        )
    return 0
