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
    coder.enable = lib.mkEnableOption "the model coder";
    chat.enable = lib.mkEnableOption "the model chat";
    small.enable = lib.mkEnableOption "the model small";
    plain.enable = lib.mkEnableOption "the model plain";
    slow.enable = lib.mkEnableOption "the model slow";
  };
  config = lib.mkMerge [
    (lib.mkIf enabled.coder.enable {
      systemd.services.remuda-coder = {
        description = "Language model coder";
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
          ExecStart = lib.getExe packages.coder-server;
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
          LoadCredential = "hf";
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
    (lib.mkIf enabled.chat.enable {
      systemd.services.remuda-chat = {
        description = "Language model chat";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        environment = {
          HOME = "/var/cache/remuda/ollama";
          XDG_CACHE_HOME = "/var/cache/remuda/ollama/.cache";
          XDG_CONFIG_HOME = "/var/cache/remuda/ollama/.config";
          OLLAMA_MODELS = "/var/cache/remuda/ollama/models";
        };
        serviceConfig = {
          ExecStart = lib.getExe packages.chat-server;
          User = "remuda-ollama";
          Group = "remuda-ollama";
          SupplementaryGroups = [
            "render"
            "video"
          ];
          Restart = "on-failure";
          RestartSec = "10s";
          KillMode = "mixed";
          KillSignal = "SIGTERM";
          TimeoutStartSec = "1800";
          TimeoutStopSec = "10";
          CacheDirectory = "remuda/ollama";
          CacheDirectoryMode = "0750";
          WorkingDirectory = "/var/cache/remuda/ollama";
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
      users.users.remuda-ollama = {
        isSystemUser = true;
        group = "remuda-ollama";
      };
      users.groups.remuda-ollama = { };
    })
    (lib.mkIf enabled.small.enable {
      systemd.services.remuda-small = {
        description = "Language model small";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        environment = {
          HOME = "/var/cache/remuda/llama-cpp";
          XDG_CACHE_HOME = "/var/cache/remuda/llama-cpp/.cache";
          XDG_CONFIG_HOME = "/var/cache/remuda/llama-cpp/.config";
          CUDA_CACHE_PATH = "/var/cache/remuda/llama-cpp/.cache/nv";
          LLAMA_CACHE = "/var/cache/remuda/llama-cpp";
        };
        serviceConfig = {
          ExecStart = lib.getExe packages.small-server;
          User = "remuda-llama-cpp";
          Group = "remuda-llama-cpp";
          SupplementaryGroups = [
            "render"
            "video"
          ];
          Restart = "on-failure";
          RestartSec = "10s";
          KillMode = "mixed";
          KillSignal = "SIGTERM";
          TimeoutStartSec = "1800";
          TimeoutStopSec = "5";
          CacheDirectory = "remuda/llama-cpp";
          CacheDirectoryMode = "0750";
          WorkingDirectory = "/var/cache/remuda/llama-cpp";
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
      users.users.remuda-llama-cpp = {
        isSystemUser = true;
        group = "remuda-llama-cpp";
      };
      users.groups.remuda-llama-cpp = { };
    })
    (lib.mkIf enabled.plain.enable {
      systemd.services.remuda-plain = {
        description = "Language model plain";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        environment = {
          HOME = "/var/cache/remuda/sglang";
          XDG_CACHE_HOME = "/var/cache/remuda/sglang/.cache";
          XDG_CONFIG_HOME = "/var/cache/remuda/sglang/.config";
          HF_HOME = "/var/cache/remuda/sglang";
          CUDA_CACHE_PATH = "/var/cache/remuda/sglang/.cache/nv";
          FLASHINFER_WORKSPACE_BASE = "/var/cache/remuda/sglang";
          TORCHINDUCTOR_CACHE_DIR = "/var/cache/remuda/sglang/.cache/torchinductor";
          TRITON_CACHE_DIR = "/var/cache/remuda/sglang/.cache/triton";
        };
        serviceConfig = {
          ExecStart = lib.getExe packages.plain-server;
          User = "remuda-sglang";
          Group = "remuda-sglang";
          Restart = "on-failure";
          RestartSec = "10s";
          KillMode = "mixed";
          KillSignal = "SIGTERM";
          TimeoutStartSec = "1800";
          TimeoutStopSec = "15";
          CacheDirectory = "remuda/sglang";
          CacheDirectoryMode = "0750";
          WorkingDirectory = "/var/cache/remuda/sglang";
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
          PrivateDevices = "yes";
        };
      };
      users.users.remuda-sglang = {
        isSystemUser = true;
        group = "remuda-sglang";
      };
      users.groups.remuda-sglang = { };
    })
    (lib.mkIf enabled.slow.enable {
      systemd.services.remuda-slow = {
        description = "Language model slow";
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
          ExecStart = lib.getExe packages.slow-server;
          User = "remuda-vllm";
          Group = "remuda-vllm";
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
          PrivateDevices = "yes";
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
