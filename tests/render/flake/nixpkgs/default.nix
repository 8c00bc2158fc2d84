# What flakes use of nixpkgs itself: `config`, overlays, and packages that can say how they were made. Torch reads the
# configuration and vLLM reads torch, as in the real one; a setting that nobody reads is refused.
{
  system,
  config,
  overlays,
}:
let
  lib = import ./lib.nix;
  inherit (import ../../nix/stubs/pkgs.nix) package;
  known = [
    "allowUnfree"
    "cudaCapabilities"
    "cudaSupport"
    "rocmSupport"
  ];
  strangers = lib.filter (name: !lib.elem name known) (lib.attrNames config);
  fix =
    function:
    let
      made = function made;
    in
    made;
  extend = extension: inner: self: let previous = inner self; in previous // extension self previous;
  extended = inner: extensions: fix (lib.foldl' (all: extension: extend extension all) inner extensions);
  overridable =
    name: defaults: make:
    let
      unknown = given: lib.filter (argument: !(defaults ? ${argument})) (lib.attrNames given);
      with' =
        given:
        if unknown given != [ ] then
          throw "${name} has no argument ${lib.head (unknown given)}"
        else
          make (defaults // given) // { override = more: with' (given // more); };
    in
    with' { };
  byName = names: lib.listToAttrs (map (name: lib.nameValuePair name (package name { })) names);
  pythonPackages =
    minor: self:
    {
      buildPythonPackage = made: package made.pname (made // { inherit minor; } // made.passthru or { });
      torch = overridable "torch" { gpuTargets = [ ]; } (
        arguments:
        let
          passthru = { inherit (config) cudaSupport rocmSupport; };
        in
        package "torch" (arguments // { inherit passthru minor; version = "2.9.1"; } // passthru)
      );
      vllm = overridable "vllm" { gpuTargets = [ ]; } (
        arguments:
        let
          made = {
            inherit minor;
            inherit (self.torch) cudaSupport rocmSupport;
            inherit (arguments) gpuTargets;
            version = "0.16.0";
            env = { };
            dependencies = [ self.torch ];
          };
        in
        package "vllm" (made // { overridePythonAttrs = change: package "vllm" (made // change made); })
      );
      sglang = package "sglang" { version = "0.5.6"; inherit minor; };
    };
  base = self: {
    inherit lib config;
    pythonPackagesExtensions = [ ];
    stdenv = {
      hostPlatform.system = system;
      cc.cc.lib = package "gcc-lib" { };
    };
    mkShell = made: package "shell" made;
    runCommand = name: environment: script: package name { inherit script; };
    writeShellScriptBin = name: text: package name { inherit text; meta.mainProgram = name; };
    dockerTools = {
      buildLayeredImage = made: package made.name made;
      fakeNss = package "fake-nss" { };
    };
    fetchurl = made: package made.name { inherit (made) url hash; };
    requireFile = made: package made.name { inherit (made) hash message; };
    ollama = overridable "ollama" { rocmGpuTargets = [ ]; } (
      arguments: package "ollama" (arguments // { version = "0.32.0"; })
    );
    llama-cpp = overridable "llama-cpp" { rocmGpuTargets = [ ]; } (
      arguments: package "llama-cpp" (arguments // { version = "7000"; })
    );
    inherit (byName [ "autoAddDriverRunpath" "autoPatchelfHook" "cacert" ])
      autoAddDriverRunpath
      autoPatchelfHook
      cacert
      ;
    cudaPackages = byName [
      "cuda_cudart"
      "cuda_cupti"
      "cuda_nvrtc"
      "cuda_nvtx"
      "cudnn"
      "cusparselt"
      "libcublas"
      "libcufft"
      "libcufile"
      "libcurand"
      "libcusolver"
      "libcusparse"
      "nccl"
    ];
    rocmPackages = byName [
      "clr"
      "hipblas"
      "hipblaslt"
      "hipfft"
      "hiprand"
      "hipsolver"
      "hipsparse"
      "miopen"
      "rccl"
      "rocblas"
      "rocm-runtime"
      "rocrand"
      "rocsolver"
      "rocsparse"
      "roctracer"
    ];
    python3Packages = extended (pythonPackages "13") self.pythonPackagesExtensions;
    python311Packages = extended (pythonPackages "11") self.pythonPackagesExtensions;
    python312Packages = extended (pythonPackages "12") self.pythonPackagesExtensions;
    python3.withPackages = choose: package "python" { version = "3.13"; chosen = choose self.python3Packages; };
  };
in
if strangers == [ ] then
  extended base overlays
else
  throw "nobody reads `config.${lib.head strangers}`"
