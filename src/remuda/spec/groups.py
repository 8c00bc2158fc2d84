"""Groups of models that take turns, with the results of llama-swap's groups.

What happens when a model is loaded: with `swap` the other members of its group go; with `exclusive` the models of all
other groups that are not `persistent` go. Models that are in no group form one more, with both. It is not mutual: a
model of a group that is not exclusive comes beside a running one that is, whether there is memory for both or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remuda.spec.fleet import Group


def expels(groups: Mapping[str, Group], models: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Who goes when a model is loaded, for each of the models."""
    present = tuple(models)
    grouped = {member for group in groups.values() for member in group.members}
    rest = tuple(model for model in present if model not in grouped)
    every = [*groups.values(), *([Group(members=rest)] if rest else [])]
    return {model: _expelled(model, group, every) for group in every for model in group.members if model in present}


def _expelled(model: str, own: Group, groups: Iterable[Group]) -> frozenset[str]:
    mates = own.members if own.swap else ()
    rivals = [other for other in groups if own.exclusive and other is not own and not other.persistent]
    return frozenset(mates).union(*(other.members for other in rivals)) - {model}
