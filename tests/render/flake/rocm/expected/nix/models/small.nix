# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine = pkgs.llama-cpp;
  version = lib.getVersion pkgs.llama-cpp;
  contained = pkgs.writeShellScriptBin "small-server" ''
    set -euo pipefail
    arguments=(
      --hf-repo
      Qwen/Qwen3-0.6B-GGUF
      --alias
      small
      --host
      0.0.0.0
      --port
      18003
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
  server = pkgs.writeShellScriptBin "small-server" ''
    set -euo pipefail
    export ROCR_VISIBLE_DEVICES=1
    arguments=(
      --hf-repo
      Qwen/Qwen3-0.6B-GGUF
      --alias
      small
      --host
      127.0.0.1
      --port
      18003
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
    name = "small";
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
        "18003/tcp" = { };
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
        "org.opencontainers.image.title" = "small";
        "org.opencontainers.image.description" = "small on llama-cpp (rocm)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
