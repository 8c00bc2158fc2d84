from __future__ import annotations

from remuda.deploy.unit_file import read

UNIT = """\
# After=comment.service
[Unit]
Description=After=no.service
After=a.service b.service \\
  ; After=comment.service
  c.service
Before = z.service
[Service]
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
WantedBy=wrong-section.target
[Install]
WantedBy=multi-user.target default.target
"""


def test_what_deploying_has_to_know_is_read() -> None:
    found = read([UNIT])
    assert found.after == {"a.service", "b.service", "c.service"}
    assert found.before == {"z.service"}
    assert found.wanted_by == ("multi-user.target", "default.target")
    assert found.required_by == ()
    assert found.is_wanted
    assert found.is_reloadable


def test_a_drop_in_adds_and_takes_back() -> None:
    found = read([UNIT, "[Install]\nWantedBy=\n[Unit]\nAfter=d.service"])
    assert "d.service" in found.after
    assert not found.is_wanted


def test_a_line_that_is_continued_by_nothing_still_counts() -> None:
    assert read(["[Unit]\nAfter=a.service \\"]).after == {"a.service"}
