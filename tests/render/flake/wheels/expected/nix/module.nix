# Made by `remuda render flake`; edit the fleet file instead.
self:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  packages = self.packages."${pkgs.stdenv.hostPlatform.system}";
  enabled = config.services.remuda-models;
in
{
  options.services.remuda-models = {
    orchestrator.enable = lib.mkEnableOption "the model orchestrator";
    fast.enable = lib.mkEnableOption "the model fast";
  };
  config = lib.mkMerge [
    (lib.mkIf enabled.orchestrator.enable {
      systemd.services.remuda-orchestrator = {
        description = "Language model orchestrator";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        environment = {
          HOME = "/var/cache/remuda/vllm";
          XDG_CACHE_HOME = "/var/cache/remuda/vllm/.cache";
          XDG_CONFIG_HOME = "/var/cache/remuda/vllm/.config";
          HF_HOME = "/var/cache/remuda/vllm";
          CUDA_CACHE_PATH = "/var/cache/remuda/vllm/.cache/nv";
          FLASHINFER_WORKSPACE_BASE = "/var/cache/remuda/vllm";
          TORCHINDUCTOR_CACHE_DIR = "/var/cache/remuda/vllm/.cache/torchinductor";
          TRITON_CACHE_DIR = "/var/cache/remuda/vllm/.cache/triton";
          VLLM_CACHE_ROOT = "/var/cache/remuda/vllm/.cache/vllm";
          VLLM_CONFIG_ROOT = "/var/cache/remuda/vllm/.config/vllm";
        };
        serviceConfig = {
          ExecStart = lib.getExe packages.orchestrator-server;
          User = "remuda-vllm";
          Group = "remuda-vllm";
          SupplementaryGroups = [
            "render"
            "video"
          ];
          Restart = "on-failure";
          RestartSec = "10s";
          KillMode = "mixed";
          KillSignal = "SIGTERM";
          TimeoutStartSec = "1800";
          TimeoutStopSec = "15";
          CacheDirectory = "remuda/vllm";
          CacheDirectoryMode = "0750";
          WorkingDirectory = "/var/cache/remuda/vllm";
          LimitMEMLOCK = "infinity";
          NoNewPrivileges = "yes";
          LockPersonality = "yes";
          RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6 AF_NETLINK";
          RestrictNamespaces = "yes";
          RestrictRealtime = "yes";
          RestrictSUIDSGID = "yes";
          SystemCallArchitectures = "native";
          SystemCallErrorNumber = "EPERM";
          SystemCallFilter = "~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap";
          AmbientCapabilities = "";
          CapabilityBoundingSet = "";
          PrivateTmp = "yes";
          ProtectClock = "yes";
          ProtectControlGroups = "yes";
          ProtectHostname = "yes";
          ProtectKernelLogs = "yes";
          ProtectKernelModules = "yes";
          ProtectKernelTunables = "yes";
          ProtectSystem = "strict";
          ProtectProc = "invisible";
          RemoveIPC = "yes";
          UMask = "0027";
          ProtectHome = "yes";
          DevicePolicy = "closed";
          DeviceAllow = [
            "char-kfd rw"
            "char-drm rw"
          ];
        };
      };
      users.users.remuda-vllm = {
        isSystemUser = true;
        group = "remuda-vllm";
      };
      users.groups.remuda-vllm = { };
    })
    (lib.mkIf enabled.fast.enable {
      systemd.services.remuda-fast = {
        description = "Language model fast";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        environment = {
          HOME = "/var/cache/remuda/vllm";
          XDG_CACHE_HOME = "/var/cache/remuda/vllm/.cache";
          XDG_CONFIG_HOME = "/var/cache/remuda/vllm/.config";
          HF_HOME = "/var/cache/remuda/vllm";
          CUDA_CACHE_PATH = "/var/cache/remuda/vllm/.cache/nv";
          FLASHINFER_WORKSPACE_BASE = "/var/cache/remuda/vllm";
          TORCHINDUCTOR_CACHE_DIR = "/var/cache/remuda/vllm/.cache/torchinductor";
          TRITON_CACHE_DIR = "/var/cache/remuda/vllm/.cache/triton";
          VLLM_CACHE_ROOT = "/var/cache/remuda/vllm/.cache/vllm";
          VLLM_CONFIG_ROOT = "/var/cache/remuda/vllm/.config/vllm";
        };
        serviceConfig = {
          ExecStart = lib.getExe packages.fast-server;
          User = "remuda-vllm";
          Group = "remuda-vllm";
          SupplementaryGroups = [
            "render"
            "video"
          ];
          Restart = "on-failure";
          RestartSec = "10s";
          KillMode = "mixed";
          KillSignal = "SIGTERM";
          TimeoutStartSec = "1800";
          TimeoutStopSec = "15";
          CacheDirectory = "remuda/vllm";
          CacheDirectoryMode = "0750";
          WorkingDirectory = "/var/cache/remuda/vllm";
          LimitMEMLOCK = "infinity";
          NoNewPrivileges = "yes";
          LockPersonality = "yes";
          RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6 AF_NETLINK";
          RestrictNamespaces = "yes";
          RestrictRealtime = "yes";
          RestrictSUIDSGID = "yes";
          SystemCallArchitectures = "native";
          SystemCallErrorNumber = "EPERM";
          SystemCallFilter = "~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap";
          AmbientCapabilities = "";
          CapabilityBoundingSet = "";
          PrivateTmp = "yes";
          ProtectClock = "yes";
          ProtectControlGroups = "yes";
          ProtectHostname = "yes";
          ProtectKernelLogs = "yes";
          ProtectKernelModules = "yes";
          ProtectKernelTunables = "yes";
          ProtectSystem = "strict";
          ProtectProc = "invisible";
          RemoveIPC = "yes";
          UMask = "0027";
          ProtectHome = "yes";
          DevicePolicy = "closed";
          DeviceAllow = "char-nvidia* rw";
        };
      };
      users.users.remuda-vllm = {
        isSystemUser = true;
        group = "remuda-vllm";
      };
      users.groups.remuda-vllm = { };
    })
  ];
}
