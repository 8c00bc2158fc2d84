# Made by `remuda render nixos-llmhop`; edit the fleet file instead.
# For llmhop 2.x: import its module and that of quadlet-nix (github:mirkolenz/quadlet-nix) beside this one.
{ ... }:
{
  services.llmhop.enable = true;
  services.llmhop.settings = {
    host = "127.0.0.1";
    port = 8080;
    maxConcurrentRequests = 1000;
    maxBodyBytes = 104857600;
  };
  virtualisation.quadlet.enable = true;

  services.llmhop.vllm-quadlet = {
    enable = true;
    uid = 503;
    subUidStart = 300000;
    tag = "v0.11.0";
    devices = [ "nvidia.com/gpu=all" ];
    environment = {
      VLLM_LOGGING_LEVEL = "INFO";
    };
    environmentFile = "/etc/vllm/.env";
    models = {
      qwen2-5-7b = {
        model = "Qwen/Qwen2.5-7B-Instruct";
        port = 18001;
      };
      llama-3-8b = {
        model = "meta-llama/Meta-Llama-3-8B-Instruct";
        port = 18002;
        settings = {
          max-model-len = 8192;
        };
      };
      pinned = {
        model = "org/pinned";
        port = 18000;
        digest = "sha256:a73fb0b9046fee099f7c1829d2548e6cc1740f4c2776a6855fa659ae5d0deb49";
        devices = [ "nvidia.com/gpu=0" ];
        settings = {
          enable-prefix-caching = false;
          no-mmap = false;
          rope-scaling = {
            factor = 4.0;
          };
        };
        environment = {
          VLLM_LOGGING_LEVEL = "DEBUG";
          CUDA_MODULE_LOADING = "LAZY";
        };
        environmentFile = "/etc/vllm/pinned.env";
        shmSize = "64g";
      };
    };
  };
}
