# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine =
    assert pkgs.python3Packages.torch.cudaSupport && !pkgs.python3Packages.torch.rocmSupport;
    pkgs.python3Packages.vllm;
  version = lib.getVersion pkgs.python3Packages.vllm;
  contained = pkgs.writeShellScriptBin "qwen3-6-27b-vllm-64k-cuda0-server" ''
    set -euo pipefail
    export DO_NOT_TRACK=1
    export NOTE='a b'"'"'c ''${HOME} '"'"'''"'"'''
    export VLLM_NO_USAGE_STATS=1
    HF_TOKEN=$(</etc/remuda/hf.token)
    export HF_TOKEN
    arguments=(
      serve
      Lorbus/Qwen3.6-27B-int4-AutoRound
      --host
      0.0.0.0
      --port
      8000
      --served-model-name
      qwen3.6-27b-vllm-64k-cuda0
      --chat-template
      '''
      --hf-overrides
      '{"a":[1,"it'"'"'s $5"]}'
      --max-model-len
      65536
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
  server = pkgs.writeShellScriptBin "qwen3-6-27b-vllm-64k-cuda0-server" ''
    set -euo pipefail
    export CUDA_DEVICE_ORDER=PCI_BUS_ID
    export CUDA_VISIBLE_DEVICES=0
    export DO_NOT_TRACK=1
    export NOTE='a b'"'"'c ''${HOME} '"'"'''"'"'''
    export VLLM_NO_USAGE_STATS=1
    HF_TOKEN=$(</etc/remuda/hf.token)
    export HF_TOKEN
    arguments=(
      serve
      Lorbus/Qwen3.6-27B-int4-AutoRound
      --host
      127.0.0.1
      --port
      8000
      --served-model-name
      qwen3.6-27b-vllm-64k-cuda0
      --chat-template
      '''
      --hf-overrides
      '{"a":[1,"it'"'"'s $5"]}'
      --max-model-len
      65536
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "vllm"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "qwen3-6-27b-vllm-64k-cuda0";
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
        "8000/tcp" = { };
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
        "org.opencontainers.image.title" = "Qwen3.6 27B";
        "org.opencontainers.image.description" = "qwen3.6-27b-vllm-64k-cuda0 on vllm (cuda)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
