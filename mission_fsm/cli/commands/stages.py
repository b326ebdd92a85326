"""`stages`: the plugins that are installed."""

from __future__ import annotations

import textwrap

import click

from mission_fsm.cli.invocation import Invocation, standard_options
from mission_fsm.cli.words import one_line, print_json
from mission_fsm.converter import converter
from mission_fsm.registry import Described, Registry


@click.command("stages")
@standard_options
def stages_command(invocation: Invocation) -> int:
    """List the stages and editors that are installed.

    With the verbs that map a step to a stage, what it touches, its options, and the package that it comes from.

    \b
    Examples:
      mission stages
    """
    plugins = Registry.installed().describe()
    if invocation.as_json:
        told = [converter.unstructure(plugin) for plugin in plugins]
        print_json({f"{kind}s": [p for p in told if p["kind"] == kind] for kind in ("stage", "editor")})
        return 0
    for plugin in plugins:
        click.echo(_entry(plugin))
    return 0


def _entry(plugin: Described) -> str:
    origin = f"{plugin.distribution} {plugin.version}"
    heading = click.style(f"{plugin.kind} {one_line(plugin.name)}", bold=True)
    lines = [f"{heading}  {one_line(plugin.summary)}".rstrip()]
    if plugin.touches:
        lines.append(f"  touches  {', '.join(plugin.touches)}")
    if plugin.words:
        words = textwrap.wrap(", ".join(plugin.words), 84)
        lines += [f"  {'words' if row == 0 else '':<7}  {text}" for row, text in enumerate(words)]
    for option in plugin.options:
        required = ", required" if option.required else ""
        lines.append(f"  with     {option.name} ({option.type}{required}): {one_line(option.help)}")
    lines.append(click.style(f"  from     {one_line(origin)}", dim=True))
    return "\n".join(lines) + "\n"
