"""`remuda lend`: lend a device to another program."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("lend")
@click.argument("device", required=False)
@running.option
@click.option("--to", default="another program", help="Who gets it, for the messages of refused requests.")
@click.option("--kill", is_flag=True, help="Break requests off instead of letting them finish.")
@click.option("--return", "returns", is_flag=True, help="Use the device again.")
@click.option("--json", "as_json", is_flag=True, help="Print the devices as JSON.")
def command(file: Path | None, device: str | None, to: str, **switches: bool) -> None:
    """Take every model off DEVICE and load none there before it is returned; without DEVICE, show every device."""
    api = running.daemon(file)
    if device is None:
        devices = api.get("/api/yield")["devices"]
    elif switches["returns"]:
        devices = [api.delete("/api/yield", device=device)]
    else:
        devices = [api.post("/api/yield", device=device, to=to, kill=str(switches["kill"]).lower())]
    if switches["as_json"]:
        output.data({"devices": devices})
        return
    rows = [(each["device"], "lent" if each["is_yielded"] else "ours", ",".join(each["users"])) for each in devices]
    output.table(("DEVICE", "STATE", "MODELS"), rows)
