"""`remuda up` that does not stay: it starts a daemon in the background, or only says whether one could be."""

from __future__ import annotations

from remuda.cli import output
from remuda.cli.fleet_file import Loaded
from remuda.cli.foreground import noted, placing
from remuda.daemon.job import Job
from remuda.daemon.rehearsal import rehearse
from remuda.edge import engine_log
from remuda.edge.control_client import ControlClient
from remuda.edge.itself import Background
from remuda.edge.paths import places
from remuda.errors import EffectError

_LIMIT_S = 120.0


def detach(job: Job, *, as_json: bool) -> int:
    """Start a daemon and return when it serves: 0, or the exit code that it ended with, after what it said."""
    at = places(job.file)
    at.make()
    engine_log.bound(at.daemon_log)
    daemon = Background(job.words, job.environment, at.daemon_log)
    try:
        status = daemon.wait_until_ready(_LIMIT_S)
    except TimeoutError:
        message = f"the daemon with pid {daemon.pid} does not serve after {_LIMIT_S:.0f} s"
        raise EffectError(message, hint=f"read `{at.daemon_log}`, or end it with `remuda down`") from None
    except KeyboardInterrupt:
        daemon.end()
        raise
    finally:
        daemon.close()
    if status is not None:
        output.note(daemon.said().rstrip())
        return status if status > 0 else EffectError.exit_code
    url = ControlClient(at.socket).get("/api/status")["url"]
    if as_json:
        output.data({"url": url, "pid": daemon.pid, "log": str(at.daemon_log)})
    else:
        output.line(f"remuda serves at {url}/v1 with pid {daemon.pid}, and writes to {at.daemon_log}")
    return 0


def try_out(loaded: Loaded, job: Job, *, as_json: bool) -> int:
    """Say that the job could be begun; raises RemudaError with all reasons if it could not."""
    with placing(loaded):
        planned = rehearse(job)
    noted(loaded, planned.plan.notes)
    models = list(planned.plan.instances)
    if as_json:
        output.data({"listen": str(job.address), "models": models})
    else:
        output.line(f"{loaded.path}: {len(models)} models could be served at {job.address}")
    return 0
