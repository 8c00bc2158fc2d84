"""The recorded hosts, and their devices as builds see them."""

from functools import cache

from remuda.facts.host import Host
from remuda.knowledge.builds import Artefact, Platform
from remuda.plan.verdict.candidate import Candidate, rows
from remuda.plan.verdict.judge import judge
from remuda.plan.verdict.reason import Verdict
from remuda.plan.verdict.target import Target, target
from tests.facts.make_hosts import HOSTS


@cache
def recorded(name: str) -> Host:
    return Host.from_json((HOSTS / name / "expected.json").read_text())


def aim(name: str, device: str) -> Target:
    host = recorded(name)
    found = host.device(device)
    assert found
    made = target(host, found)
    assert made
    return made


def official(at: Target, engine: str, release: str, artefact: Artefact, platform: Platform | None = None) -> Verdict:
    """The verdict on the official artefact of a release."""
    found = rows(engine, release, artefact, platform=platform or at.platform, machine=at.machine)
    what = f"{engine} {release}"
    return judge(Candidate(engine=engine, artefact=artefact, what=what, release=release, rows=found), at)
