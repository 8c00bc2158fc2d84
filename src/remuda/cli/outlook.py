"""What `remuda apply` would change now, for `remuda plan`: the fleet file against the generation that is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remuda.cli import deploying
from remuda.cli.deploying import Where
from remuda.errors import EffectError, RemudaError

if TYPE_CHECKING:
    from remuda.cli.fleet_file import Loaded
    from remuda.edge.deploy.deployment import Deployment, Proposal
    from remuda.edge.deploy.site import Site
    from remuda.edge.deploy.store import Store


@dataclass(frozen=True, slots=True)
class Outlook:
    """What applying would change; or why it could not be done, in `refused`."""

    site: Site
    target: str
    proposal: Proposal | None
    starts_s: Mapping[str, float]
    refused: str | None = None

    def lines(self, *, with_diffs: bool) -> Iterator[str]:
        """For a person."""
        yield ""
        if self.proposal is None:
            yield f"`remuda apply {self.target}` would be refused: {self.refused}"
        elif self.proposal.is_empty:
            yield f"generation {self.proposal.applied} is applied and up to date"
        else:
            yield f"`remuda apply {self.target}` would change generation {self.proposal.applied}:"
            yield from deploying.summary(self.proposal, self.site, self.starts_s)
            if with_diffs:
                yield from deploying.diffs(self.proposal.change)

    def as_data(self, *, with_diffs: bool) -> dict[str, Any]:
        """For a program."""
        if self.proposal is None:
            return {"target": self.target, "refused": self.refused}
        told = deploying.as_data(self.proposal, self.site, self.starts_s, with_diffs=with_diffs)
        return {"target": self.target, **told}


def of(loaded: Loaded) -> Outlook | None:
    """The outlook for this machine, or for this user; None where nothing is applied."""
    applied = _applied()
    if applied is None:
        return None
    site, store, number = applied
    written = store.manifest(number)
    target, program = written.target, Path(written.program) if written.program else None
    try:
        tree = deploying.for_scope(deploying.tree_of(target, loaded, program), site, site.scope)
    except RemudaError as error:
        return Outlook(site, target, None, {}, error.message)

    async def propose(deployment: Deployment) -> Proposal:
        return await deployment.propose(tree)

    try:
        proposal = deploying.on(site, propose, starts=True)
    except EffectError:  # no manager answers: then at least the files are compared
        proposal = deploying.on(site, propose, starts=False)
    return Outlook(site, target, proposal, store.starts())


def _applied() -> tuple[Site, Store, int] | None:
    """Where something is applied: root looks at the machine first, all others at what is theirs."""
    from remuda.edge.deploy.disk import Disk  # noqa: PLC0415
    from remuda.edge.deploy.store import Store  # noqa: PLC0415

    usual = deploying.site_of(Where(root=None, scope=None))
    other = deploying.site_of(Where(root=None, scope="user" if usual.scope == "system" else "system"))
    for site in (usual, other):
        store = Store(site.directory, Disk())
        number = store.current()
        if number is not None:
            return site, store, number
    return None
