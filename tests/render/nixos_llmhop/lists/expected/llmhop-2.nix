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
    models = {
      a = {
        model = "org/a";
        port = 18001;
        settings = {
          lora-modules = [
            "x=/a"
            "y=/b"
          ];
        };
      };
    };
  };
}
