# What the written Nix uses of nixpkgs' packages. A package is a set that says how it was made, and is never built.
let
  lib = import ./lib.nix;
  package =
    name: attributes:
    {
      type = "derivation";
      inherit name;
      pname = name;
      outPath = "/nix/store/${builtins.substring 0 32 (builtins.hashString "sha256" name)}-${name}";
      meta = { };
    }
    // attributes;
  format = kind: {
    type = lib.types.anything;
    generate = name: value: package name { inherit value kind; };
  };
in
rec {
  inherit lib package;
  formats = {
    json = _: format "json";
    yaml = _: format "yaml";
  };
  coreutils = package "coreutils" { };
  llama-cpp = package "llama-cpp" { meta.mainProgram = "llama-server"; };
  ollama = package "ollama" { meta.mainProgram = "ollama"; };
  vllm = package "vllm" { meta.mainProgram = "vllm"; };
  podman = package "podman" { };
  llama-swap = package "llama-swap" { meta.mainProgram = "llama-swap"; };
  runCommand = name: attributes: script: package name { inherit attributes script; };
  writeText = name: text: package name { inherit text; };
  buildPythonApplication = attributes: package attributes.pname attributes;
  python3Packages = builtins.listToAttrs (
    map (name: lib.nameValuePair name (package name { })) [
      "click"
      "dbus-fast"
      "hatchling"
      "httptools"
      "msgspec"
      "nvidia-ml-py"
      "prometheus-client"
      "psutil"
      "pydantic"
      "rich"
      "ruamel-yaml"
      "starlette"
      "uvicorn"
      "uvloop"
    ]
  )
  // { inherit buildPythonApplication; };
  callPackage =
    file: given:
    let
      function = if builtins.isFunction file then file else import file;
      known = builtins.intersectAttrs (builtins.functionArgs function) ({ inherit lib python3Packages; });
    in
    function (known // given);
}
