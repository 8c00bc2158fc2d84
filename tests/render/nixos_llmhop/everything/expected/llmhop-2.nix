# Made by `remuda render nixos-llmhop`; edit the fleet file instead.
# For llmhop 2.x: import its module and that of quadlet-nix (github:mirkolenz/quadlet-nix) beside this one.
{ ... }:
{
  services.llmhop.enable = true;
  services.llmhop.settings = {
    host = "127.0.0.1";
    port = 9000;
    maxConcurrentRequests = 1000;
    maxBodyBytes = 104857600;
    authTokens = [ "\${file:/etc/llmhop/key}" ];
    models = {
      far = {
        url = "http://10.0.0.7:8000";
      };
    };
  };
  virtualisation.quadlet.enable = true;

  services.llmhop.vllm-quadlet = {
    enable = true;
    user = "models";
    group = "users";
    uid = 1500;
    gid = 100;
    cacheDir = "/srv/cache";
    image = "registry.example/vllm";
    devices = [ "nvidia.com/gpu=0" ];
    environment = {
      A = "engine";
      B = "\${x} 'q'";
    };
    modelSettings = {
      gpu-memory-utilization = 0.45;
      enable-prefix-caching = false;
    };
    openFilesLimit = 4096;
    startupOrdering = false;
    models = {
      one = {
        model = "org/one";
        port = 18001;
        digest = "sha256:a73fb0b9046fee099f7c1829d2548e6cc1740f4c2776a6855fa659ae5d0deb49";
        settings = {
          seed = 2;
        };
        environment = {
          A = "model";
        };
      };
      two = {
        model = "org/two";
        port = 18002;
        tag = "v1";
        settings = {
          hf-overrides = {
            a = [
              1
              "it's"
            ];
          };
        };
        shmSize = "1g";
      };
    };
  };

  services.llmhop.sglang-quadlet = {
    enable = true;
    uid = 504;
    dataDir = "/srv/sglang";
    subUidStart = 400000;
    subUidCount = 1000;
    subGidStart = 500000;
    subGidCount = 2000;
    tag = "v0.5.5";
    devices = [ "nvidia.com/gpu=1" ];
    models = {
      three = {
        model = "org/three";
        port = 18003;
        devices = [ "nvidia.com/gpu=all" ];
        settings = {
          trust-remote-code = true;
        };
        environmentFile = "/etc/three.env";
      };
    };
  };
}
