# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine =
    assert pkgs.python3Packages.torch.rocmSupport && !pkgs.python3Packages.torch.cudaSupport;
    pkgs.python3Packages.vllm;
  version = lib.getVersion pkgs.python3Packages.vllm;
  contained = pkgs.writeShellScriptBin "coder-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export VLLM_NO_USAGE_STATS=1
    HF_TOKEN=$(<"''${CREDENTIALS_DIRECTORY?is not set}/"hf)
    export HF_TOKEN
    OTHER="''${OTHER_TOKEN?is not set}"
    export OTHER
    arguments=(
      serve
      /srv/models/qwen
      --host
      0.0.0.0
      --port
      18001
      --served-model-name
      coder
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
  server = pkgs.writeShellScriptBin "coder-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export ROCR_VISIBLE_DEVICES=0
    export VLLM_NO_USAGE_STATS=1
    HF_TOKEN=$(<"''${CREDENTIALS_DIRECTORY?is not set}/"hf)
    export HF_TOKEN
    OTHER="''${OTHER_TOKEN?is not set}"
    export OTHER
    arguments=(
      serve
      /srv/models/qwen
      --host
      127.0.0.1
      --port
      18001
      --served-model-name
      coder
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "vllm"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "coder";
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
        "org.opencontainers.image.title" = "coder";
        "org.opencontainers.image.description" = "coder on vllm (rocm)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
