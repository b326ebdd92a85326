"""The stage `edit`: an editor, or a patch given from outside, makes a change set, which is then proposed."""

from __future__ import annotations

from mission_fsm.stage import (
    Completed,
    EditFailed,
    Failed,
    NeedInput,
    Outcome,
    Proposal,
    ProposeChange,
    RunCommand,
    Stage,
    StageContext,
    Tool,
)


class Edit(Stage):
    """Changes files. A step that binds no editor is unbound: it asks for a patch when it is reached."""

    name = "edit"
    # fmt: off
    words = (
        "implement", "create", "write", "modify", "edit", "change", "add", "update", "integrate", "document",
        "build", "install", "wire", "configure", "register", "migrate", "enhance", "remove", "refactor", "delete",
        "rename", "move", "replace", "extract", "convert", "upgrade", "introduce", "extend", "improve", "apply",
        "enable", "disable", "define", "expose", "adjust", "port", "simplify", "rewrite", "bump", "deprecate",
        "drop", "optimize", "handle", "support",
    )
    # fmt: on
    touches = frozenset({Tool.READ, Tool.WRITE})
    binds_edits = True

    def run(self, context: StageContext) -> Outcome:
        bound = context.edits()
        try:
            if bound:
                made = context.edit(*bound[0])
            elif isinstance(context.reply, Proposal):
                made = context.proposed(context.reply)
            else:
                return NeedInput(f"a patch for step {context.step.step_id}: {context.step.description}")
        except EditFailed as error:
            return Failed("edit_failed", str(error), evidence=error.evidence)
        if isinstance(made, RunCommand):
            return made
        if not made:
            return Completed("nothing to change: the files are already as this step would leave them")
        return ProposeChange(made, context.step.description)
