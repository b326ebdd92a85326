"""The stages and editors that are there, by name. The only importer of stevedore.

Names are read from the installed packages' metadata and load nothing. A plugin is imported when it is first asked
for, held against its contract, and whatever is wrong with it is raised: no plugin is ever passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc
from typing import Any, Generic, TypeVar

from attrs import frozen

from mission_fsm.core.mapping import Table
from mission_fsm.core.plan import Tool
from mission_fsm.core.wording import did_you_mean, shown
from mission_fsm.declarations import Option, cause, keys_of, options_of, problem_with_declarations
from mission_fsm.errors import PluginError, UsageError
from mission_fsm.stage import Editor, Stage

STAGES = "mission_fsm.stages"
EDITORS = "mission_fsm.editors"

P = TypeVar("P", Stage, Editor)


@frozen
class Described:
    """What a listing says of a plugin.

    kind: `stage` or `editor`.
    distribution, version: of the package that brings it; None for one that was handed over as an object.
    summary: the first line of its docstring.
    """

    kind: str
    name: str
    distribution: str | None
    version: str | None
    module: str
    summary: str
    words: tuple[str, ...]
    touches: tuple[Tool, ...]
    options: tuple[Option, ...]


class Registry:
    """Stages and editors by name. Make one with `installed` or `of`."""

    def __init__(self, stages: _Shelf[Stage], editors: _Shelf[Editor]) -> None:
        self._stages = stages
        self._editors = editors
        self._sound: dict[str, Stage] = {}
        self._table: Table | None = None

    @classmethod
    def installed(cls) -> Registry:
        """All that installed packages bring, in the entry-point groups `mission_fsm.stages` and `.editors`."""
        return cls(_Shelf[Stage]("stage", Stage, STAGES), _Shelf[Editor]("editor", Editor, EDITORS))

    @classmethod
    def of(cls, stages: Iterable[Stage | type[Stage]] = (), editors: Iterable[Editor | type[Editor]] = ()) -> Registry:
        """Exactly these, given as instances or as classes; for embedders and tests.

        Raises PluginError when one breaks its contract or two have one name.
        """
        registry = cls(_Shelf[Stage]("stage", Stage), _Shelf[Editor]("editor", Editor))
        for editor in editors:
            registry._editors.add(editor)
        for stage in stages:
            registry._stages.add(stage)
        return registry

    def stage(self, name: str) -> Stage:
        """The stage with that name. Raises UsageError for an unknown name, PluginError for a broken plugin."""
        if name in self._sound:
            return self._sound[name]
        stage = self._stages.get(name)
        if stage.binds_edits and (clash := sorted(keys_of(stage.options) & set(self.editor_names()))):
            raise PluginError(f"stage {name!r} has an option {clash[0]!r}, which is also the name of an editor")
        self._sound[name] = stage
        return stage

    def editor(self, name: str) -> Editor:
        """The editor with that name. Raises as `stage` does."""
        return self._editors.get(name)

    def stage_names(self) -> tuple[str, ...]:
        """The names of all stages, sorted. Loads none."""
        return self._stages.names()

    def editor_names(self) -> tuple[str, ...]:
        """The names of all editors, sorted. Loads none."""
        return self._editors.names()

    def table(self) -> Table:
        """The words of all stages. Raises PluginError when two stages claim one word."""
        if self._table is None:
            self._table = Table.of((name, self.stage(name).words) for name in self.stage_names())
        return self._table

    def describe(self) -> tuple[Described, ...]:
        """All stages, then all editors, each with what a listing says of it. Loads them all."""
        stages = (self._stages.describe(self.stage(name)) for name in self.stage_names())
        editors = (self._editors.describe(self.editor(name)) for name in self.editor_names())
        return (*stages, *editors)


class _Shelf(Generic[P]):
    """The plugins of one kind. group: the entry-point group they are found in, or None when each is `add`ed."""

    def __init__(self, kind: str, base: Any, group: str | None = None) -> None:
        self._kind = kind
        self._base = base
        self._group = group
        self._entries: dict[str, EntryPoint] | None = None if group else {}
        self._loaded: dict[str, P] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._found(), *self._loaded}))

    def get(self, name: str) -> P:
        if name not in self._loaded:
            entry = self._found().get(name)
            if entry is None:
                known = self.names()
                listing = f"; there are {', '.join(known)}" if known else f"; there is no {self._kind} at all"
                raise UsageError(f"unknown {self._kind} {shown(name)}{did_you_mean(name, known) or listing}")
            self._loaded[name] = self._made(_load(entry), f"{self._kind} {name!r} of {_origin(entry)}", name)
        return self._loaded[name]

    def add(self, given: P | type[P]) -> None:
        whose = f"{self._kind} {getattr(given, '__qualname__', type(given).__qualname__)}"
        made = self._made(given, whose, None)
        if made.name in self._loaded:
            both = " and ".join(_class_of(plugin) for plugin in (self._loaded[made.name], made))
            raise PluginError(f"two {self._kind}s are named {made.name!r}: {both}")
        self._loaded[made.name] = made

    def describe(self, plugin: P) -> Described:
        entry = self._found().get(plugin.name)
        dist = entry.dist if entry else None
        stage = plugin if isinstance(plugin, Stage) else None
        return Described(
            kind=self._kind,
            name=plugin.name,
            distribution=dist.name if dist else None,
            version=dist.version if dist else None,
            module=type(plugin).__module__,
            # Its own: what its base class says is about all of them.
            summary=cleandoc(type(plugin).__doc__ or "").partition("\n")[0],
            words=stage.words if stage else (),
            touches=tuple(tool for tool in Tool if tool in plugin.touches),
            options=tuple(options_of(plugin.options)),
        )

    def _found(self) -> dict[str, EntryPoint]:
        if self._entries is None:
            entries: dict[str, EntryPoint] = {}
            for entry in entry_points(group=self._group or ""):
                if (other := entries.setdefault(entry.name, entry)) is not entry:
                    raise PluginError(
                        f"two {self._kind}s are named {entry.name!r}: "
                        f"{other.value} of {_origin(other)} and {entry.value} of {_origin(entry)}"
                    )
            self._entries = entries
        return self._entries

    def _made(self, plugin: Any, whose: str, name: str | None) -> P:
        """An instance of the plugin, once it has been held against its contract."""
        cls = plugin if isinstance(plugin, type) else type(plugin)
        if not issubclass(cls, self._base):
            raise PluginError(f"{whose} is not a subclass of mission_fsm.stage.{self._base.__name__}")
        if undefined := sorted(getattr(cls, "__abstractmethods__", ())):
            raise PluginError(f"{whose} does not define {', '.join(undefined)}")
        problem = problem_with_declarations(cls, name)
        if problem:
            raise PluginError(f"{whose}: {problem}")
        try:
            made: P = plugin() if isinstance(plugin, type) else plugin
        except Exception as error:
            raise PluginError(f"{whose} cannot be made: {cause(error)}") from error
        return made


def _load(entry: EntryPoint) -> Any:
    # Stevedore takes a while to import, and one who brings their own stages never needs it.
    from stevedore import ExtensionManager, NamedExtensionManager

    def failed(_manager: object, _entry: EntryPoint, error: BaseException) -> None:
        raise PluginError(f"plugin {entry.name!r} of {_origin(entry)} cannot be loaded: {cause(error)}") from error

    # Its own cache of entry points can be minutes out of date; this one is filled anew, and spares it the search.
    ExtensionManager.ENTRY_POINT_CACHE[entry.group] = [entry]
    try:
        manager: Any = NamedExtensionManager(entry.group, [entry.name], on_load_failure_callback=failed)
    except (AssertionError, SystemExit) as error:  # which stevedore lets through
        failed(None, entry, error)
    finally:
        ExtensionManager.ENTRY_POINT_CACHE.pop(entry.group, None)
    return manager.extensions[0].plugin


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def _class_of(plugin: object) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"
