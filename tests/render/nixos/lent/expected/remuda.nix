# Made by `remuda render nixos`; edit the fleet file instead.
{ config, lib, ... }:
{
  # Units of podman's Quadlet, which generators read.
  virtualisation.podman.enable = true;
  systemd.generators.podman-system-generator = "${config.virtualisation.podman.package}/lib/systemd/system-generators/podman-system-generator";
  systemd.user.generators.podman-user-generator = "${config.virtualisation.podman.package}/lib/systemd/user-generators/podman-user-generator";

  environment.etc."containers/systemd/users/503/sglang-a.container".text = ''
    # Made by `remuda render quadlet` from the model `a` of the fleet file.

    [Unit]
    Description=Podman container sglang-a
    ConditionUser=503
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/lmsysorg/sglang:v0.5.9
    Pull=newer
    Entrypoint=["python3", "-m", "sglang.launch_server"]
    Exec=--model-path org/a --host 0.0.0.0 --port 30000 --served-model-name a --enable-metrics
    AddDevice=nvidia.com/gpu=1
    DropCapability=all
    NoNewPrivileges=true
    PublishPort=127.0.0.1:8001:30000
    ShmSize=32g
    Tmpfs=/tmp
    Ulimit=host
    Volume=/var/cache/sglang:/root/.cache/huggingface
    HealthCmd=curl --fail --silent --show-error http://localhost:30000/health
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
    WantedBy=default.target
  '';

  environment.etc."containers/systemd/users/503/vllm-b.container".text = ''
    # Made by `remuda render quadlet` from the model `b` of the fleet file.

    [Unit]
    Description=Podman container vllm-b
    After=sglang-a.service
    ConditionUser=503
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/vllm/vllm-openai:v0.23.0
    Pull=newer
    Exec=org/b --host=0.0.0.0 --port=8000 --served-model-name=b
    Environment=DO_NOT_TRACK=1
    Environment=VLLM_NO_USAGE_STATS=1
    AddDevice=nvidia.com/gpu=0
    DropCapability=all
    NoNewPrivileges=true
    PublishPort=127.0.0.1:8002:8000
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
    WantedBy=default.target
  '';

  users.users.vllm = {
    isSystemUser = true;
    uid = 503;
    group = "vllm";
    home = "/var/lib/vllm";
    extraGroups = [ "systemd-journal" ];
    linger = true;
    subUidRanges = [
      {
        startUid = 300000;
        count = 65536;
      }
    ];
    subGidRanges = [
      {
        startGid = 300000;
        count = 65536;
      }
    ];
    shell = config.users.defaultUserShell;
  };
  users.groups.vllm.gid = 503;

  systemd.tmpfiles.rules = [
    "d /var/lib/vllm 0700 vllm vllm"
    "d /var/cache/sglang 0700 vllm vllm"
    "d /var/cache/vllm 0700 vllm vllm"
  ];
  hardware.graphics.enable = true;
  hardware.nvidia-container-toolkit.enable = true;
  # Engines listen at 127.0.0.1; nothing is opened for them.
  networking.firewall.enable = lib.mkDefault true;
}
