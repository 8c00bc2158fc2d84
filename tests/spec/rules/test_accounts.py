from __future__ import annotations

import pytest

from remuda.spec.rules.accounts import accounts, names_and_paths, numbers
from tests.spec.reading import document, said

VLLM = "engines:\n  vllm: {{{}}}\n"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", []),
        ("uid: 503, sub_uid_start: 300000", []),
        ("user: root", []),
        ("user: llm, uid: 503", []),
        ("uid: 503", ["`engines.vllm.uid` needs `sub_uid_start` beside it: numbers for the users in the containers"]),
        ("uid: 0", ["`engines.vllm.uid` is root's"]),
        ("user: llm", ["`engines.vllm.user` needs `uid` beside it"]),
        (
            "gid: 3, sub_gid_count: 4",
            ["`engines.vllm.gid` needs `uid` beside it", "`engines.vllm.sub_gid_count` needs `uid` beside it"],
        ),
        (
            "user: root, uid: 0, data_dir: /x",
            [
                "`engines.vllm.uid` has no meaning for units of the system",
                "`engines.vllm.data_dir` has no meaning for units of the system",
            ],
        ),
        (
            "user: llm, uid: 503, sub_uid_start: 1",
            ["warning: `engines.vllm.sub_uid_start` has no effect: the user `llm` is made by somebody else"],
        ),
    ],
)
def test_users(keys: str, expected: list[str]) -> None:
    assert [line.partition(" ")[2] for line in said(accounts, VLLM.format(keys))] == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("user: vllm, group: llm-2, cache_dir: /var/cache/vllm", []),
        ("user: Vllm", ["`engines.vllm.user` must be a name of lower-case letters, digits, `_` and `-`, not `Vllm`"]),
        (
            "cache_dir: cache, data_dir: '/a b'",
            [
                "`engines.vllm.cache_dir` must be an absolute path without blanks and `:`, not `cache`",
                "`engines.vllm.data_dir` must be an absolute path without blanks and `:`, not `/a b`",
            ],
        ),
    ],
)
def test_names_and_paths(keys: str, expected: list[str]) -> None:
    assert [problem.message for problem in names_and_paths(document(VLLM.format(keys)))] == expected


@pytest.mark.parametrize(
    ("vllm", "sglang", "expected"),
    [
        ("uid: 503, sub_uid_start: 300000", "uid: 504, sub_uid_start: 365536", []),
        ("user: llm, uid: 503", "user: llm, uid: 503", []),
        (
            "user: llm, uid: 503",
            "user: llm, uid: 504",
            ["`engines.sglang.uid` and `engines.vllm` disagree: one user has one number"],
        ),
        ("uid: 503", "uid: 503", ["`engines.sglang.uid` and `engines.vllm` disagree: one user has one number"]),
        (
            "uid: 503, sub_uid_start: 300000",
            "uid: 504, sub_uid_start: 365535",
            ["`engines.sglang.sub_uid_start` begins a range that meets the one of `engines.vllm`: 300000-365535"],
        ),
        (
            "uid: 503, sub_uid_start: 1, sub_uid_count: 10",
            "uid: 504, sub_uid_start: 100, sub_uid_count: 10, sub_gid_start: 5",
            ["`engines.sglang.sub_gid_start` begins a range that meets the one of `engines.vllm`: 1-10"],
        ),
        (
            "uid: 503, sub_uid_start: 500",
            "",
            [
                "`engines.vllm.sub_uid_start` begins a range that holds the uid 503 of the user itself",
                "`engines.vllm.sub_uid_start` begins a range that holds the gid 503 of the user itself",
            ],
        ),
    ],
)
def test_numbers(vllm: str, sglang: str, expected: list[str]) -> None:
    found = numbers(document(f"engines:\n  vllm: {{{vllm}}}\n  sglang: {{{sglang}}}\n"))
    assert [problem.message for problem in found] == expected
