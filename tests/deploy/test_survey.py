from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from remuda.deploy.survey import Found, Survey
from tests.deploy.trees import tree

PLACE = PurePosixPath("etc/a")
OURS = {PLACE: "/store/current/etc/a"}
NEW = tree({"etc/a": "new"})


@pytest.mark.parametrize(
    ("is_old", "is_new", "found", "why", "is_displaced"),
    [
        (True, True, Found("link", OURS[PLACE]), None, False),
        (True, True, Found("link", "/elsewhere"), "was replaced", True),
        (True, True, Found("file", "mine"), "was replaced", True),
        (True, True, Found("file"), "was replaced", True),
        (True, True, Found("file", "new"), None, True),
        (True, True, Found("nothing"), "was removed", False),
        (True, True, Found("other"), "is neither a file nor a link", True),
        (False, True, Found("nothing"), None, False),
        (False, True, Found("file", "theirs"), "is somebody else's", True),
        (False, True, Found("file", "new"), None, True),
        (True, False, Found("nothing"), None, False),
        (True, False, Found("link", OURS[PLACE]), None, False),
        (True, False, Found("file", "mine"), "was replaced", True),
    ],
)
def test_what_is_not_ours_is_named(
    found: Found, why: str | None, *, is_old: bool, is_new: bool, is_displaced: bool
) -> None:
    survey = Survey(OURS if is_old else {}, OURS if is_new else {}, {PLACE: found}, {})
    objections = list(survey.objections(NEW if is_new else tree({})))
    assert [one.why for one in objections] == ([why] if why else [])
    assert survey.displaced == ((PLACE,) if is_displaced else ())
    assert all(one.is_final == (found.kind == "other") for one in objections)


def test_files_that_were_edited_through_their_link_are_named_too() -> None:
    survey = Survey(OURS, OURS, {PLACE: Found("link", OURS[PLACE])}, {PLACE: "mine"})
    assert [(one.path, one.why) for one in survey.objections(NEW)] == [(PLACE, "was edited")]


def test_texts_of_others_are_there_for_a_diff() -> None:
    other = PurePosixPath("etc/b")
    survey = Survey({}, OURS, {PLACE: Found("file", "theirs"), other: Found("file")}, {})
    assert survey.texts(NEW) == {PLACE: "theirs"}


def test_what_was_edited_to_what_it_shall_be_is_no_obstacle_but_a_change() -> None:
    link, file = Found("link", OURS[PLACE]), Found("file", "new")
    for survey in (Survey(OURS, OURS, {PLACE: link}, {PLACE: "new"}), Survey(OURS, OURS, {PLACE: file}, {})):
        assert list(survey.objections(NEW)) == []
        assert survey.texts(NEW) == {PLACE: ""}
    assert Survey({}, OURS, {PLACE: file}, {}).texts(NEW) == {PLACE: "new"}
