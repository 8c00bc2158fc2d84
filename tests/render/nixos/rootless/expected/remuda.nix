# Made by `remuda render nixos`; edit the fleet file instead.
{ config, lib, ... }:
{
  # Units of podman's Quadlet, which generators read.
  virtualisation.podman.enable = true;
  systemd.generators.podman-system-generator = "${config.virtualisation.podman.package}/lib/systemd/system-generators/podman-system-generator";
  systemd.user.generators.podman-user-generator = "${config.virtualisation.podman.package}/lib/systemd/user-generators/podman-user-generator";

  environment.etc."containers/systemd/users/503/vllm-llama-3-8b.container".text = ''
    # Made by `remuda render quadlet` from the model `llama-3-8b` of the fleet file.

    [Unit]
    Description=Podman container vllm-llama-3-8b
    After=vllm-qwen2-5-7b.service
    ConditionUser=503
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/vllm/vllm-openai:v0.11.0
    Pull=newer
    Exec=meta-llama/Meta-Llama-3-8B-Instruct --host=0.0.0.0 --max-model-len=8192 --port=8000 --served-model-name=llama-3-8b
    Environment=DO_NOT_TRACK=1
    Environment=VLLM_LOGGING_LEVEL=INFO
    Environment=VLLM_NO_USAGE_STATS=1
    EnvironmentFile=/etc/vllm/.env
    AddDevice=nvidia.com/gpu=all
    DropCapability=all
    NoNewPrivileges=true
    PublishPort=127.0.0.1:18002:8000
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

  environment.etc."containers/systemd/users/503/vllm-pinned.container".text = ''
    # Made by `remuda render quadlet` from the model `pinned` of the fleet file.

    [Unit]
    Description=Podman container vllm-pinned
    ConditionUser=503
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/vllm/vllm-openai@sha256:a73fb0b9046fee099f7c1829d2548e6cc1740f4c2776a6855fa659ae5d0deb49
    Pull=missing
    Exec=org/pinned --no-enable-prefix-caching --host=0.0.0.0 --mmap --port=8000 "--rope-scaling={\"factor\":4.0}" --served-model-name=pinned
    Environment=CUDA_MODULE_LOADING=LAZY
    Environment=DO_NOT_TRACK=1
    Environment=VLLM_LOGGING_LEVEL=DEBUG
    Environment=VLLM_NO_USAGE_STATS=1
    EnvironmentFile=/etc/vllm/.env
    EnvironmentFile=/etc/vllm/pinned.env
    AddDevice=nvidia.com/gpu=0
    DropCapability=all
    NoNewPrivileges=true
    PublishPort=127.0.0.1:18000:8000
    ShmSize=64g
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

  environment.etc."containers/systemd/users/503/vllm-qwen2-5-7b.container".text = ''
    # Made by `remuda render quadlet` from the model `qwen2-5-7b` of the fleet file.

    [Unit]
    Description=Podman container vllm-qwen2-5-7b
    After=vllm-pinned.service
    ConditionUser=503
    StartLimitIntervalSec=14400
    StartLimitBurst=3

    [Container]
    Image=docker.io/vllm/vllm-openai:v0.11.0
    Pull=newer
    Exec=Qwen/Qwen2.5-7B-Instruct --host=0.0.0.0 --port=8000 --served-model-name=qwen2-5-7b
    Environment=DO_NOT_TRACK=1
    Environment=VLLM_LOGGING_LEVEL=INFO
    Environment=VLLM_NO_USAGE_STATS=1
    EnvironmentFile=/etc/vllm/.env
    AddDevice=nvidia.com/gpu=all
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
    "d /var/cache/vllm 0700 vllm vllm"
  ];
  hardware.graphics.enable = true;
  hardware.nvidia-container-toolkit.enable = true;
  # Engines listen at 127.0.0.1; nothing is opened for them.
  networking.firewall.enable = lib.mkDefault true;
}
