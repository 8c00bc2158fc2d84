# Remuda from this checkout, for `callPackage`.
{ lib, python3Packages }:
let
  project = (builtins.fromTOML (builtins.readFile ../pyproject.toml)).project;
  version = builtins.head (
    builtins.match ".*__version__ = \"([^\"]+)\".*" (builtins.readFile ../src/remuda/__init__.py)
  );
in
python3Packages.buildPythonApplication {
  pname = project.name;
  inherit version;
  pyproject = true;
  src = ../.;

  build-system = [ python3Packages.hatchling ];
  dependencies = with python3Packages; [
    click
    dbus-fast
    httptools
    msgspec
    nvidia-ml-py
    prometheus-client
    psutil
    pydantic
    rich
    ruamel-yaml
    starlette
    uvicorn
    uvloop
  ];

  # The tests need GPUs, containers and a network; that it starts is seen here.
  doCheck = false;
  pythonImportsCheck = [ "remuda.cli.main" ];

  meta = {
    inherit (project) description;
    license = lib.licenses.asl20;
    mainProgram = "remuda";
    platforms = lib.platforms.linux;
  };
}
