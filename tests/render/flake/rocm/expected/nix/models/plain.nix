# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine =
    assert !pkgs.python3Packages.torch.cudaSupport && !pkgs.python3Packages.torch.rocmSupport;
    pkgs.python3.withPackages (python: [ python.sglang ]);
  version = lib.getVersion pkgs.python3Packages.sglang;
  contained = pkgs.writeShellScriptBin "plain-server" ''
    set -euo pipefail
    arguments=(
      -m
      sglang.launch_server
      --model-path
      Qwen/Qwen3-0.6B
      --host
      0.0.0.0
      --port
      18004
      --served-model-name
      plain
      --enable-metrics
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "python"} "''${arguments[@]}"
  '';
in
{
  server = pkgs.writeShellScriptBin "plain-server" ''
    set -euo pipefail
    arguments=(
      -m
      sglang.launch_server
      --model-path
      Qwen/Qwen3-0.6B
      --host
      127.0.0.1
      --port
      18004
      --served-model-name
      plain
      --enable-metrics
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "python"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "plain";
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
        "18004/tcp" = { };
      };
      Env = [
        "SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
        "CUDA_CACHE_PATH=/var/cache/remuda/.cache/nv"
        "FLASHINFER_WORKSPACE_BASE=/var/cache/remuda"
        "HF_HOME=/var/cache/remuda"
        "HOME=/var/cache/remuda"
        "TORCHINDUCTOR_CACHE_DIR=/var/cache/remuda/.cache/torchinductor"
        "TRITON_CACHE_DIR=/var/cache/remuda/.cache/triton"
        "XDG_CACHE_HOME=/var/cache/remuda/.cache"
        "XDG_CONFIG_HOME=/var/cache/remuda/.config"
      ];
      Labels = {
        "org.opencontainers.image.title" = "plain";
        "org.opencontainers.image.description" = "plain on sglang (cpu)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
