# Made by `remuda render flake`; edit the fleet file instead.
{ pkgs }:
let
  inherit (pkgs) lib;
  engine = pkgs.ollama;
  version = lib.getVersion pkgs.ollama;
  contained = pkgs.writeShellScriptBin "chat-server" ''
    set -euo pipefail
    export OLLAMA_HOST=0.0.0.0:18002
    export OLLAMA_KEEP_ALIVE=-1
    arguments=(
      serve
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "ollama"} "''${arguments[@]}"
  '';
in
{
  server = pkgs.writeShellScriptBin "chat-server" ''
    set -euo pipefail
    export OLLAMA_HOST=127.0.0.1:18002
    export OLLAMA_KEEP_ALIVE=-1
    arguments=(
      serve
    )
    for word in "$@"; do
      if [ -n "$word" ]; then
        arguments+=("$word")
      fi
    done
    exec ${lib.getExe' engine "ollama"} "''${arguments[@]}"
  '';
  image = pkgs.dockerTools.buildLayeredImage {
    name = "chat";
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
        "HOME=/var/cache/remuda"
        "OLLAMA_MODELS=/var/cache/remuda/models"
        "XDG_CACHE_HOME=/var/cache/remuda/.cache"
        "XDG_CONFIG_HOME=/var/cache/remuda/.config"
      ];
      Labels = {
        "org.opencontainers.image.title" = "chat";
        "org.opencontainers.image.description" = "chat on ollama (rocm)";
        "org.opencontainers.image.version" = version;
      };
    };
  };
}
