"""The one cattrs converter: between frozen classes and JSON values, for events, snapshots and options.

Unknown keys are errors, tuples are lists in JSON, and `problems_of` turns what cattrs raises into
sentences with places.
"""

from __future__ import annotations

from typing import Any

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from mission_fsm.core.events import StageChanged
from mission_fsm.core.model import Mission, Reply


def _build() -> Converter:
    made = Converter(forbid_extra_keys=True, prefer_attrib_converters=True)
    # Words that Python keeps to itself, or that an int would quietly be taken for: no coercion of scalars.
    for scalar in (str, bool, int):
        made.register_structure_hook(scalar, _exactly(scalar))
    made.register_structure_hook(float, lambda value, _: float(_number(value)))
    renamed = override(rename="from")
    made.register_structure_hook(StageChanged, make_dict_structure_fn(StageChanged, made, from_=renamed))
    made.register_unstructure_hook(StageChanged, make_dict_unstructure_fn(StageChanged, made, from_=renamed))
    configure_tagged_union(Reply, made, tag_name="type")
    # A snapshot holds all of a mission but its plan, which is stored once, by its digest.
    without_plan = override(omit=True)
    made.register_unstructure_hook(Mission, make_dict_unstructure_fn(Mission, made, plan=without_plan))
    return made


def _exactly(scalar: type) -> Any:
    def structure(value: object, _: type) -> object:
        if type(value) is not scalar and not (isinstance(value, scalar) and scalar is not int):
            raise TypeError(f"expected {scalar.__name__}, found {value!r}")
        return value

    return structure


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {value!r}")
    return value


converter = _build()
