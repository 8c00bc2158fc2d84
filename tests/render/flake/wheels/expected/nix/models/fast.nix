# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine =
    assert pkgs.python312Packages.torch.cudaSupport && !pkgs.python312Packages.torch.rocmSupport;
    pkgs.python312Packages.vllm;
  version = lib.getVersion pkgs.python312Packages.vllm;
  contained = pkgs.writeShellScriptBin "fast-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export VLLM_NO_USAGE_STATS=1
    arguments=(
      serve
      Qwen/Qwen3-0.6B
      --host
      0.0.0.0
      --port
      18002
      --served-model-name
      fast
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
  server = pkgs.writeShellScriptBin "fast-server" ''
    set -euo pipefail
    export CUDA_DEVICE_ORDER=PCI_BUS_ID
    export CUDA_VISIBLE_DEVICES=0
    export DO_NOT_TRACK=1
    export VLLM_NO_USAGE_STATS=1
    arguments=(
      serve
      Qwen/Qwen3-0.6B
      --host
      127.0.0.1
      --port
      18002
      --served-model-name
      fast
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "vllm"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "fast";
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
        "18002/tcp" = { };
      };
      Env = [
        "SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
        "CUDA_CACHE_PATH=/var/cache/remuda/.cache/nv"
        "FLASHINFER_WORKSPACE_BASE=/var/cache/remuda"
        "HF_HOME=/var/cache/remuda"
        "HOME=/var/cache/remuda"
        "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu:/usr/lib64:/run/opengl-driver/lib"
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility"
        "TORCHINDUCTOR_CACHE_DIR=/var/cache/remuda/.cache/torchinductor"
        "TRITON_CACHE_DIR=/var/cache/remuda/.cache/triton"
        "VLLM_CACHE_ROOT=/var/cache/remuda/.cache/vllm"
        "VLLM_CONFIG_ROOT=/var/cache/remuda/.config/vllm"
        "XDG_CACHE_HOME=/var/cache/remuda/.cache"
        "XDG_CONFIG_HOME=/var/cache/remuda/.config"
      ];
      Labels = {
        "org.opencontainers.image.title" = "fast";
        "org.opencontainers.image.description" = "fast on vllm (cuda)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
