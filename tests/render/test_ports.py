from remuda.plan.check import load_fleet
from remuda.render.ports import ports

FLEET = """\
gateway: {listen: "127.0.0.1:18002"}
models:
  a: {cmd: "a ${PORT}"}
  b: {cmd: "b ${PORT}", port: 18001}
  c: {url: "http://127.0.0.1:9"}
  d: {cmd: "d ${PORT}", enabled: false}
  e: {cmd: "e ${PORT}"}
"""


def test_models_without_a_port_get_what_is_free_in_the_order_of_the_file() -> None:
    fleet, _, _ = load_fleet(FLEET, "remuda.yaml")
    assert ports(fleet) == {"a": 18003, "b": 18001, "e": 18004}
