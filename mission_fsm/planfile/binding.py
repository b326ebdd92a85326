"""One step's `with`, structured, filled up with defaults, and with its files read into it; or all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen
from cattrs import Converter

from mission_fsm.converter import converter as plain_converter
from mission_fsm.converter import problems_of
from mission_fsm.core.globs import matches_any
from mission_fsm.core.paths import problem_with_path
from mission_fsm.core.plan import ScopeContract
from mission_fsm.core.wording import MismatchError, at, did_you_mean, shown
from mission_fsm.errors import MissionError, PluginError
from mission_fsm.planfile.options import Bound, divided, takes_tries
from mission_fsm.registry import Registry
from mission_fsm.stage import Editor, Stage

# Takes what is wrong, as a place and a message.
Complain = Callable[[str, str], None]


@frozen
class Binder:
    """Binds the options of a plan's steps.

    converter: reads what stands in a plan, files too.
    scope: the plan's scope contract.
    workspace: the folder whose symbolic links are looked at too, or None.
    """

    registry: Registry
    converter: Converter
    scope: ScopeContract
    workspace: Path | None
    complain: Complain = field(repr=False)

    def bind(self, stage: Stage, given: Mapping[str, object], place: str) -> dict[str, object]:
        """The options as JSON values, complete; of use only where there was nothing to complain about."""
        own, edits = divided(stage, given, self.registry)
        self._check_bound(edits, place)
        if takes_tries(stage) and not self._are_tries(own.get("tries"), place):
            del own["tries"]  # complained about, which is enough
        resolved: dict[str, object] = {}
        tries: list[object] = []
        for edit in edits:
            value = self._resolved(edit, place)
            if len(edit.place) == 1:
                resolved[edit.editor] = value
            else:
                tries.append({edit.editor: value})
        if tries and "tries" in own:
            own["tries"] = tries
        known = self.registry.editor_names() if stage.binds_edits else ()
        options = self._structured(own, stage.options, place, known)
        return {**plain_converter.unstructure(options), **resolved} if options is not None else resolved

    def _structured(self, value: object, kind: Any, place: str, known: Iterable[str] = ()) -> Any:
        try:
            return self.converter.structure(value, kind)
        except Exception as error:  # whatever an options class does, it is told with its place
            for where, message in problems_of(error, place, known):
                self.complain(where, message)
            return None

    def _resolved(self, edit: Bound, place: str) -> object:
        for key in edit.place:
            place = at(place, key)
        editor = self.registry.editor(edit.editor)
        if missing := [tool for tool in sorted(editor.touches) if tool not in self.scope.allowed_tools]:
            tools = " and ".join(missing)
            self.complain(place, f"editor {editor.name!r} needs {tools}, which scope_contract.allowed_tools forbids")
        options = self._structured(edit.value, editor.options, place)
        if options is None:
            return None
        for problem in self._problems_with_paths(editor, options):
            self.complain(place, problem)
        return plain_converter.unstructure(options, editor.options)

    def _problems_with_paths(self, editor: Editor, options: Any) -> Iterator[str]:
        try:
            paths = editor.paths(options) or ()
        except PluginError:
            raise
        except MissionError as error:
            yield str(error)
            return
        except Exception as error:
            message = f"editor {editor.name!r} failed on a plan's options: {type(error).__name__}: {error}"
            raise PluginError(message) from error
        for path in paths:
            if problem := problem_with_path(path):
                yield problem
            elif not matches_any(self.scope.paths, path):
                allowed = ", ".join(self.scope.paths) or "none"
                yield f"path {path!r} is outside of scope_contract.paths, which are {allowed}"
            elif self.workspace and _leads_outside(self.workspace, path):
                yield f"path {path!r} leads out of the workspace through a symbolic link"

    def _check_bound(self, edits: list[Bound], place: str) -> None:
        direct = [edit for edit in edits if len(edit.place) == 1]
        if len(direct) > 1:
            several = ", ".join(edit.editor for edit in direct)
            self.complain(place, f"a step binds one edit, and here are {several}: make a step for each")
        if direct and len(direct) < len(edits):
            self.complain(at(place, "tries"), f"give either tries or {direct[0].editor}, not both")

    def _are_tries(self, tries: object, place: str) -> bool:
        """Whether each entry of a list names one editor; a value that is no list is left to the options class."""
        editors = self.registry.editor_names()
        sound = True
        for index, entry in enumerate(tries if isinstance(tries, list) else ()):
            where = at(at(place, "tries"), index)
            if not isinstance(entry, Mapping) or len(entry) != 1:
                self.complain(where, str(MismatchError("a mapping of one editor to its options", entry)))
                sound = False
            elif not {*entry} <= {*editors}:
                [name] = entry
                listing = did_you_mean(name, editors) or f"; there are {', '.join(editors) or 'none'}"
                self.complain(where, f"unknown editor {shown(name)}{listing}")
                sound = False
        return sound


def _leads_outside(workspace: Path, path: str) -> bool:
    try:
        return not (workspace / path).parent.resolve().is_relative_to(workspace.resolve())
    except (OSError, RuntimeError):  # links that go in a circle lead nowhere: the step itself will say so
        return False
