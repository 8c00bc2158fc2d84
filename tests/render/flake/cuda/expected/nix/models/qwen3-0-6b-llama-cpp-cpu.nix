# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine = pkgs.llama-cpp;
  version = lib.getVersion pkgs.llama-cpp;
  contained = pkgs.writeShellScriptBin "qwen3-0-6b-llama-cpp-cpu-server" ''
    set -euo pipefail
    arguments=(
      --model
      /srv/models/tiny.gguf
      --alias
      qwen3-0.6b-llama-cpp-cpu
      --host
      0.0.0.0
      --port
      18001
      --ctx-size
      4096
      --metrics
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "llama-server"} "''${arguments[@]}"
  '';
in
{
  server = pkgs.writeShellScriptBin "qwen3-0-6b-llama-cpp-cpu-server" ''
    set -euo pipefail
    arguments=(
      --model
      /srv/models/tiny.gguf
      --alias
      qwen3-0.6b-llama-cpp-cpu
      --host
      127.0.0.1
      --port
      18001
      --ctx-size
      4096
      --metrics
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "llama-server"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "qwen3-0-6b-llama-cpp-cpu";
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
        "HOME=/var/cache/remuda"
        "LLAMA_CACHE=/var/cache/remuda"
        "XDG_CACHE_HOME=/var/cache/remuda/.cache"
        "XDG_CONFIG_HOME=/var/cache/remuda/.config"
      ];
      Labels = {
        "org.opencontainers.image.title" = "qwen3-0.6b-llama-cpp-cpu";
        "org.opencontainers.image.description" = "qwen3-0.6b-llama-cpp-cpu on llama-cpp (cpu)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
