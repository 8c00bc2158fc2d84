"""Tries a job without beginning it: everything that could refuse it beforehand is asked.

So a daemon that is to be replaced knows that the next one will not fail for its file, and `remuda up --dry-run` says it
to people. What only doing can show (an address in use, an engine that does not start) is not tried.
"""

from __future__ import annotations

from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.gateway import gateway_of, tls_of
from remuda.daemon.job import Job
from remuda.daemon.planning import Planned, planner_of
from remuda.edge.paths import places
from remuda.edge.peaks import Peaks
from remuda.edge.secrets import Resolver
from remuda.residency.residency import Residency


def rehearse(job: Job) -> Planned:
    """What the job would begin with. Raises RemudaError for what it would end with."""
    at = places(job.file)
    planned = planner_of(job, at, Peaks(at.peaks)).plan(job.fleet)
    resolver = Resolver(job.file.parent, job.environment)
    gateway_of(job.fleet, planned.plan.instances, resolver, Dispatcher(Residency(planned.policy)), 0)
    tls_of(job.fleet.gateway.tls, job.file.parent)
    return planned
