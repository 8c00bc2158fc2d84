import pytest

from remuda.plan.check import load_fleet
from remuda.spec.merge import effective
from remuda.spec.unit import unit_name


@pytest.mark.parametrize(("unit", "name"), [("", "command-tiny"), (", unit: other", "command-other")])
def test_a_unit_is_named_after_its_engine_and_its_model(unit: str, name: str) -> None:
    fleet, _, _ = load_fleet(f'models: {{tiny: {{cmd: "a ${{PORT}}", runtime: systemd{unit}}}}}', "remuda.yaml")
    assert unit_name(effective(fleet, "tiny")) == name
