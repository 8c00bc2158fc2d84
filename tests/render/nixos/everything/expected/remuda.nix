# Made by `remuda render nixos`; edit the fleet file instead.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  # Units of podman's Quadlet, which generators read.
  virtualisation.podman.enable = true;
  systemd.generators.podman-system-generator = "${config.virtualisation.podman.package}/lib/systemd/system-generators/podman-system-generator";
  systemd.user.generators.podman-user-generator = "${config.virtualisation.podman.package}/lib/systemd/user-generators/podman-user-generator";

  environment.etc."containers/systemd/vllm-rootful.container".text = ''
    # Made by `remuda render quadlet` from the model `rootful` of the fleet file.

    [Unit]
    Description=Podman container vllm-rootful
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/vllm/vllm-openai:v0.23.0
    Pull=newer
    Exec=org/rootful --host=0.0.0.0 --port=8000 --served-model-name=rootful
    Environment=DO_NOT_TRACK=1
    Environment=VLLM_NO_USAGE_STATS=1
    Secret=remuda-hf.token-4087ee9d,type=env,target=HF_TOKEN
    AddDevice=nvidia.com/gpu=0
    DropCapability=all
    NoNewPrivileges=true
    PublishPort=127.0.0.1:18001:8000
    ShmSize=32g
    Tmpfs=/tmp
    Ulimit=host
    Volume=/var/cache/vllm:/root/.cache/huggingface
    HealthCmd=curl --fail --silent --show-error http://localhost:8000/health
    HealthInterval=10s
    HealthStartPeriod=30m
    HealthTimeout=5s
    Notify=healthy

    [Service]
    LimitNOFILE=1048576
    Restart=always
    RestartSec=30
    TimeoutStartSec=3600

    [Install]
    WantedBy=multi-user.target
  '';

  virtualisation.oci-containers.backend = "docker";

  virtualisation.oci-containers.containers.llama-cpp-in-docker = {
    image = "ghcr.io/ggml-org/llama.cpp:server-rocm";
    entrypoint = "/app/llama-server";
    cmd = [
      "--model"
      "/srv/a.gguf"
      "--alias"
      "in-docker"
      "--host"
      "0.0.0.0"
      "--port"
      "18002"
      "--metrics"
    ];
    environment = {
      ROCR_VISIBLE_DEVICES = "0";
    };
    environmentFiles = [ "/etc/llama.env" ];
    ports = [ "127.0.0.1:18002:18002" ];
    volumes = [
      "/srv/cache:/root/.cache"
      "/srv/a.gguf:/srv/a.gguf:ro"
    ];
    extraOptions = [
      "--init"
      "--cap-drop=all"
      "--security-opt=no-new-privileges"
      "--stop-signal=15"
      "--memory=8589934592"
      "--cpus=2"
      "--device=/dev/kfd"
      "--device=/dev/dri"
    ];
  };

  users.users.remuda-llama-cpp = {
    isSystemUser = true;
    group = "remuda-llama-cpp";
    home = "/var/cache/remuda-llama-cpp";
  };
  users.groups.remuda-llama-cpp = { };

  users.users.remuda-command = {
    isSystemUser = true;
    group = "remuda-command";
    home = "/var/cache/remuda-command";
  };
  users.groups.remuda-command = { };

  systemd.services.llama-cpp-plain = {
    description = "Language model plain";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    environment = {
      HOME = "/var/cache/remuda-llama-cpp";
      XDG_CACHE_HOME = "/var/cache/remuda-llama-cpp";
      LD_LIBRARY_PATH = "/run/opengl-driver/lib";
      TRITON_LIBCUDA_PATH = "/run/opengl-driver/lib";
      CUDA_VISIBLE_DEVICES = "1";
      CUDA_DEVICE_ORDER = "PCI_BUS_ID";
      A = "100%% $HOME 'q'";
    };
    serviceConfig = {
      ExecStart = "${pkgs.coreutils}/bin/env \"A=100%% $$HOME 'q'\" ${pkgs.llama-cpp}/bin/llama-server --model /srv/b.gguf --alias plain --host 127.0.0.1 --port 18003 --metrics";
      EnvironmentFile = [ "/etc/llama.env" ];
      User = "remuda-llama-cpp";
      Group = "remuda-llama-cpp";
      SupplementaryGroups = [
        "render"
        "video"
      ];
      CacheDirectory = "remuda-llama-cpp";
      Restart = "always";
      RestartSec = 30;
      KillSignal = "SIGTERM";
      LimitNOFILE = 1048576;
      LimitMEMLOCK = "infinity";
      NoNewPrivileges = true;
      CapabilityBoundingSet = "";
      ProtectSystem = "strict";
      ProtectHome = "read-only";
      PrivateTmp = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectControlGroups = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      PrivateDevices = false;
    };
  };

  systemd.services.command-own = {
    description = "Language model own";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    environment = {
      HOME = "/var/cache/remuda-command";
      XDG_CACHE_HOME = "/var/cache/remuda-command";
    };
    serviceConfig = {
      ExecStart = "/opt/whisper/server --port 18004 --say \"a b\"";
      User = "remuda-command";
      Group = "remuda-command";
      CacheDirectory = "remuda-command";
      Restart = "always";
      RestartSec = 30;
      KillSignal = "SIGTERM";
      LimitNOFILE = 1048576;
      LimitMEMLOCK = "infinity";
      MemoryMax = 1073741824;
      CPUQuota = "150%";
      NoNewPrivileges = true;
      CapabilityBoundingSet = "";
      ProtectSystem = "strict";
      ProtectHome = "read-only";
      PrivateTmp = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectControlGroups = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      PrivateDevices = true;
    };
  };

  systemd.services.llama-cpp-unit = {
    description = "Language model unit";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    environment = {
      HOME = "/var/cache/remuda-llama-cpp";
      XDG_CACHE_HOME = "/var/cache/remuda-llama-cpp";
      LD_LIBRARY_PATH = "/run/opengl-driver/lib";
      TRITON_LIBCUDA_PATH = "/run/opengl-driver/lib";
      ROCR_VISIBLE_DEVICES = "0";
    };
    serviceConfig = {
      ExecStart = "${pkgs.coreutils}/bin/env ${pkgs.llama-cpp}/bin/llama-server --model /srv/c.gguf --alias unit --host 127.0.0.1 --port 18005 --metrics";
      EnvironmentFile = [ "/etc/llama.env" ];
      User = "remuda-llama-cpp";
      Group = "remuda-llama-cpp";
      SupplementaryGroups = [
        "render"
        "video"
      ];
      CacheDirectory = "remuda-llama-cpp";
      Restart = "always";
      RestartSec = 30;
      KillSignal = "SIGTERM";
      LimitNOFILE = 1048576;
      LimitMEMLOCK = "infinity";
      NoNewPrivileges = true;
      CapabilityBoundingSet = "";
      ProtectSystem = "strict";
      ProtectHome = "read-only";
      PrivateTmp = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectControlGroups = true;
      RestrictSUIDSGID = true;
      LockPersonality = true;
      PrivateDevices = false;
    };
  };

  systemd.tmpfiles.rules = [ "d /var/cache/vllm 0755 root root" ];
  hardware.graphics.enable = true;
  hardware.nvidia-container-toolkit.enable = true;
  nixpkgs.config.cudaSupport = true;
  nixpkgs.config.rocmSupport = true;
  # Engines listen at 127.0.0.1; nothing is opened for them.
  networking.firewall.enable = lib.mkDefault true;
}
