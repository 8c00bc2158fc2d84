# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine =
    assert pkgs.python311Packages.torch.rocmSupport && !pkgs.python311Packages.torch.cudaSupport;
    pkgs.python311Packages.vllm;
  version = lib.getVersion pkgs.python311Packages.vllm;
  contained = pkgs.writeShellScriptBin "orchestrator-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export VLLM_NO_USAGE_STATS=1
    arguments=(
      serve
      /models/vllm/orchestrator/bf16
      --host
      0.0.0.0
      --port
      18001
      --served-model-name
      orchestrator
      --dtype
      bfloat16
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "vllm"} "''${arguments[@]}"
  '';
in
{
  server = pkgs.writeShellScriptBin "orchestrator-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export VLLM_NO_USAGE_STATS=1
    arguments=(
      serve
      /models/vllm/orchestrator/bf16
      --host
      127.0.0.1
      --port
      18001
      --served-model-name
      orchestrator
      --dtype
      bfloat16
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "vllm"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "orchestrator";
    tag = builtins.replaceStrings [ "+" ] [ "-" ] version;
    contents = [
      pkgs.cacert
      pkgs.dockerTools.fakeNss
    ];
    extraCommands = "mkdir -p -m 1777 tmp var/cache/remuda";
    config = {
      Entrypoint = [ (lib.getExe contained) ];
      User = "65534:65534";
      WorkingDir = "/var/cache/remuda";
      ExposedPorts = {
        "18001/tcp" = { };
      };
      Env = [
        "SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
        "CUDA_CACHE_PATH=/var/cache/remuda/.cache/nv"
        "FLASHINFER_WORKSPACE_BASE=/var/cache/remuda"
        "HF_HOME=/var/cache/remuda"
        "HOME=/var/cache/remuda"
        "TORCHINDUCTOR_CACHE_DIR=/var/cache/remuda/.cache/torchinductor"
        "TRITON_CACHE_DIR=/var/cache/remuda/.cache/triton"
        "VLLM_CACHE_ROOT=/var/cache/remuda/.cache/vllm"
        "VLLM_CONFIG_ROOT=/var/cache/remuda/.config/vllm"
        "XDG_CACHE_HOME=/var/cache/remuda/.cache"
        "XDG_CONFIG_HOME=/var/cache/remuda/.config"
      ];
      Labels = {
        "org.opencontainers.image.title" = "orchestrator";
        "org.opencontainers.image.description" = "orchestrator on vllm (rocm)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
