# The options of NixOS that the written modules set, with the types that they have in nixpkgs.
{ lib, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  of =
    type: default:
    mkOption { inherit type default; };
  required = type: mkOption { inherit type; };
  strs = of (types.listOf types.str) [ ];
  range = start: types.submodule { options = { ${start} = required types.int; count = of types.int 1; }; };
  # Values of a section of a unit.
  atom = types.oneOf [
    types.bool
    types.int
    types.str
    types.path
  ];
  section = of (types.attrsOf (types.either atom (types.listOf atom))) { };
  unit = {
    options = {
      description = of types.str "";
      wantedBy = strs;
      requiredBy = strs;
      requires = strs;
      wants = strs;
      after = strs;
      before = strs;
      path = of (types.listOf types.package) [ ];
      restartTriggers = of (types.listOf types.anything) [ ];
      environment = of (types.attrsOf (types.nullOr types.str)) { };
      serviceConfig = section;
      unitConfig = section;
      preStart = of types.str "";
    };
  };
  socket = {
    options = {
      description = of types.str "";
      wantedBy = strs;
      listenStreams = strs;
      socketConfig = section;
    };
  };
  container = {
    options = {
      image = required types.str;
      entrypoint = of (types.nullOr types.str) null;
      cmd = strs;
      environment = of (types.attrsOf types.str) { };
      environmentFiles = of (types.listOf types.path) [ ];
      ports = strs;
      volumes = strs;
      extraOptions = strs;
    };
  };
  user =
    { name, ... }:
    {
      options = {
        name = of types.str name;
        isSystemUser = of types.bool false;
        isNormalUser = of types.bool false;
        uid = of (types.nullOr types.int) null;
        group = of types.str "";
        home = of types.path "/var/empty";
        shell = of (types.nullOr (types.either types.package types.path)) null;
        extraGroups = strs;
        linger = of types.bool false;
        subUidRanges = of (types.listOf (range "startUid")) [ ];
        subGidRanges = of (types.listOf (range "startGid")) [ ];
      };
    };
in
{
  options = {
    assertions = of (types.listOf types.anything) [ ];
    environment.etc = of (types.attrsOf (
      types.submodule { options = { text = of (types.nullOr types.lines) null; source = of (types.nullOr types.path) null; }; }
    )) { };
    environment.systemPackages = of (types.listOf types.package) [ ];
    hardware.graphics.enable = mkEnableOption "graphics";
    hardware.nvidia-container-toolkit.enable = mkEnableOption "CDI";
    networking.firewall.enable = of types.bool true;
    networking.firewall.allowedTCPPorts = of (types.listOf types.port) [ ];
    nixpkgs.config = of (types.attrsOf types.anything) { };
    systemd.generators = of (types.attrsOf types.path) { };
    systemd.user.generators = of (types.attrsOf types.path) { };
    systemd.services = of (types.attrsOf (types.submodule unit)) { };
    systemd.sockets = of (types.attrsOf (types.submodule socket)) { };
    systemd.tmpfiles.rules = strs;
    users.defaultUserShell = of types.path "/run/current-system/sw/bin/bash";
    users.users = of (types.attrsOf (types.submodule user)) { };
    users.groups = of (types.attrsOf (types.submodule { options.gid = of (types.nullOr types.int) null; })) { };
    virtualisation.docker.enable = mkEnableOption "docker";
    virtualisation.oci-containers.backend = of (types.enum [ "podman" "docker" ]) "podman";
    virtualisation.oci-containers.containers = of (types.attrsOf (types.submodule container)) { };
    virtualisation.podman.enable = mkEnableOption "podman";
    virtualisation.podman.package = of types.package (import ./pkgs.nix).podman;
  };
}
