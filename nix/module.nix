# `services.remuda`: the gateway to language models, which starts and stops the engines of its fleet.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  cfg = config.services.remuda;
  sections = lib.filterAttrs (_: section: section != null) cfg.settings;
  written = pkgs.writeText "remuda.yaml" (builtins.toJSON sections);
  # A wrong fleet ends the build of the machine, and not the service on it.
  checked = pkgs.runCommand "remuda.yaml" { } ''
    ${lib.getExe cfg.package} check ${written}
    cp ${written} $out
  '';
in
{
  options.services.remuda = {
    enable = lib.mkEnableOption "Remuda, a gateway to language models on one's own GPUs";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The Remuda that runs.";
    };

    settings = mkOption {
      type = types.submodule { options = import ./options.nix { inherit lib; }; };
      default = { };
      example = {
        models.small = {
          engine = "llama-cpp";
          model = "/srv/models/small.gguf";
        };
      };
      description = ''
        The fleet file. Secrets are named and not written here, since everybody can read the file:
        `''${cred:name}` for one of {option}`services.remuda.credentials`, `''${env:NAME}` for a variable of
        {option}`services.remuda.environmentFile`.
      '';
    };

    credentials = mkOption {
      type = types.attrsOf types.path;
      default = { };
      example = {
        hf-token = "/run/secrets/hf-token";
      };
      description = "Files of secrets by the names that `settings` has for them.";
    };

    environmentFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/run/secrets/remuda.env";
      description = "File of variables for Remuda itself, such as secrets that `settings` names.";
    };

    path = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.llama-cpp ]";
      description = "Packages of engines that run without a container.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open the port of the gateway, which listens on the loopback address unless told.";
    };
  };

  config = lib.mkIf cfg.enable {
    users.users.remuda = {
      isSystemUser = true;
      group = "remuda";
      home = "/var/lib/remuda";
      extraGroups = [
        "render"
        "video"
      ];
    };
    users.groups.remuda = { };

    systemd.services.remuda = {
      description = "Remuda, the gateway to language models";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      inherit (cfg) path;
      environment = {
        HOME = "/var/lib/remuda";
        XDG_STATE_HOME = "/var/lib";
        XDG_CACHE_HOME = "/var/cache/remuda";
        XDG_RUNTIME_DIR = "/run/remuda";
        LD_LIBRARY_PATH = "/run/opengl-driver/lib";
      };
      serviceConfig = {
        Type = "notify";
        ExecStart = "${lib.getExe cfg.package} up --file ${checked}";
        ExecReload = "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID";
        EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
        User = "remuda";
        Group = "remuda";
        StateDirectory = "remuda";
        CacheDirectory = "remuda";
        RuntimeDirectory = "remuda";
        RuntimeDirectoryMode = "0700";
        RuntimeDirectoryPreserve = "yes";
        Restart = "on-failure";
        RestartSec = 5;
        # Engines take long to end, and may lock what they have mapped.
        TimeoutStopSec = 120;
        LimitNOFILE = 1048576;
        LimitMEMLOCK = "infinity";
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ProtectHome = "read-only";
        PrivateTmp = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        RestrictSUIDSGID = true;
        LockPersonality = true;
      };
    };

    networking.firewall.allowedTCPPorts =
      let
        listen = (cfg.settings.gateway or { }).listen or "127.0.0.1:8080";
      in
      lib.optional cfg.openFirewall (lib.toInt (lib.last (lib.splitString ":" listen)));
  };
}
