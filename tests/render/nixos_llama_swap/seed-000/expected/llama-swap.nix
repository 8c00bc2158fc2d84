# Made by `remuda render nixos-llama-swap`; edit the fleet file instead.
{ lib, options, ... }:
{
  services.llama-swap =
    {
      enable = true;
      port = 8080;
      settings = import ./config.nix;
    }
    // lib.optionalAttrs (options.services.llama-swap ? listenAddress) { listenAddress = "127.0.0.1"; };
}
