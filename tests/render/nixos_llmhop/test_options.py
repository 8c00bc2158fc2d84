"""The table of options is llmhop's own, as its page of 1.2.1 to 1.3.0 has it."""

from __future__ import annotations

from remuda.render.nixos_llmhop.options import IMAGES, OF_MODEL, Given, Kind, Option, Same, of_engine, set_options

_PAGE = """
enable bool false
user str "vllm"
group str cfg.user
uid uint required
gid uint cfg.uid
dataDir path /var/lib/vllm
cacheDir path /var/cache/vllm
subUidStart uint required
subUidCount posint 65536
subGidStart uint cfg.subUidStart
subGidCount posint cfg.subUidCount
image str docker.io/vllm/vllm-openai
tag str required
devices list-of-str by-machine
environment attrs-of-str {}
environmentFile null-or-path null
modelSettings attrs-of-anything {}
openFilesLimit posint 1048576
startupOrdering bool true
models attrs-of-submodule {}
models.<n>.enable bool true
models.<n>.name [[:alnum:]][[:alnum:].-]* attr-key
models.<n>.model str required
models.<n>.port port required
models.<n>.tag null-or-str null
models.<n>.digest null-or-str null
models.<n>.devices list-of-str cfg.devices
models.<n>.settings attrs-of-anything {}
models.<n>.environment attrs-of-str {}
models.<n>.environmentFile null-or-path null
models.<n>.shmSize str 32g
"""
_KINDS = {
    "bool": Kind.BOOL,
    "str": Kind.TEXT,
    "null-or-str": Kind.MAYBE_TEXT,
    "[[:alnum:]][[:alnum:].-]*": Kind.NAME,
    "path": Kind.PATH,
    "null-or-path": Kind.MAYBE_PATH,
    "uint": Kind.UNSIGNED,
    "posint": Kind.POSITIVE,
    "port": Kind.PORT,
    "list-of-str": Kind.TEXTS,
    "attrs-of-str": Kind.TEXT_BY_NAME,
    "attrs-of-anything": Kind.ANYTHING_BY_NAME,
    "attrs-of-submodule": Kind.MODELS,
}
_DEFAULTS = {
    "required": Given.NEVER,
    "by-machine": Given.BY_MACHINE,
    "attr-key": Given.BY_KEY,
    "false": False,
    "true": True,
    "null": None,
    "{}": {},
    '"vllm"': "vllm",
    "65536": 65536,
    "1048576": 1048576,
}


def _default(text: str) -> object:
    return Same(text.removeprefix("cfg.")) if text.startswith("cfg.") else _DEFAULTS.get(text, text)


def test_every_name_type_and_default_is_that_of_the_page() -> None:
    lines = [line.split() for line in _PAGE.split("\n") if line]
    expected = {name: Option(_KINDS[kind], _default(default)) for name, kind, default in lines}
    models = {f"models.<n>.{name}": option for name, option in OF_MODEL.items()}
    assert {**of_engine("vllm"), **models} == expected


def test_sglang_differs_in_its_image_and_its_directories() -> None:
    vllm, sglang = of_engine("vllm"), of_engine("sglang")
    assert {name for name in vllm if vllm[name] != sglang[name]} == {"user", "dataDir", "cacheDir", "image"}
    assert sglang["image"].default == IMAGES["sglang"]


def test_only_what_differs_from_a_default_is_set() -> None:
    values = {"user": "vllm", "uid": 5, "gid": 5, "group": "g", "enable": True, "tag": None, "models": {}}
    assert set_options(of_engine("vllm"), values, values) == {"enable": True, "group": "g", "uid": 5}


def test_a_model_follows_its_engine() -> None:
    engine = {"devices": ["a"]}
    assert set_options(OF_MODEL, {"devices": ["a"]}, engine) == {}
    assert set_options(OF_MODEL, {"devices": ["b"]}, engine) == {"devices": ["b"]}
