# Made by `remuda render flake`; edit the fleet file instead.
{
  description = "Servers and images of a fleet's models";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/00fa62a8a25a98990e2389bd8ab7d0b91e3cb352";
  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      configs = {
        cuda = {
          allowUnfree = true;
          cudaSupport = true;
          rocmSupport = false;
          cudaCapabilities = [
            "8.6"
            "8.9"
          ];
        };
        cpu = {
          cudaSupport = false;
          rocmSupport = false;
        };
      };
      models = {
        qwen3-6-27b-vllm-64k-cuda0 = {
          file = ./nix/models/qwen3-6-27b-vllm-64k-cuda0.nix;
          platform = "cuda";
          systems = [
            "x86_64-linux"
            "aarch64-linux"
          ];
        };
        qwen3-0-6b-llama-cpp-cpu = {
          file = ./nix/models/qwen3-0-6b-llama-cpp-cpu.nix;
          platform = "cpu";
          systems = [
            "x86_64-linux"
            "aarch64-linux"
          ];
        };
      };
      # One package set for each system and platform.
      sets =
        lib.genAttrs
          [
            "x86_64-linux"
            "aarch64-linux"
          ]
          (
            system:
            lib.mapAttrs
              (platform: config: import nixpkgs {
                inherit system config;
                overlays = [ self.overlays."${platform}" ];
              })
              configs
          );
      built =
        lib.mapAttrs
          (
            system:
            of:
            lib.mapAttrs
              (_: model: import model.file { pkgs = of."${model.platform}"; })
              (lib.filterAttrs (_: model: lib.elem system model.systems) models)
          )
          sets;
    in
    {
      overlays = {
        cuda = import ./nix/cuda.nix;
        cpu = import ./nix/cpu.nix;
      };
      packages =
        lib.mapAttrs
          (system: models: lib.listToAttrs (
            lib.concatMap
              (name: [
                (lib.nameValuePair "${name}-server" models."${name}".server)
                (lib.nameValuePair "${name}-image" models."${name}".image)
              ])
              (lib.attrNames models)
          ))
          built;
      devShells =
        lib.mapAttrs
          (system: models: {
            default =
              (lib.head (lib.attrValues sets."${system}")).mkShell
                { packages = lib.mapAttrsToList (_: model: model.server) models; };
          })
          built;
      checks =
        lib.mapAttrs
          (
            system:
            models:
            lib.mapAttrs
              (name: model: (lib.head (lib.attrValues sets."${system}")).runCommand "${name}-check" { } ''
                bash -n ${lib.getExe model.server}
                touch "$out"
              '')
              models
          )
          built;
      nixosModules.default = import ./nix/module.nix self;
    };
}
