# Made by `remuda render flake`; edit the fleet file instead.
final: prev: {
  pythonPackagesExtensions =
    prev.pythonPackagesExtensions
    ++ [
      (python: previous: {
        vllm = python.buildPythonPackage {
          pname = "vllm";
          version = "0.12.0+rocm711";
          format = "wheel";
          src = ../wheels/vllm-0.12.0+rocm711-cp311-cp311-linux_x86_64.whl;
          dependencies = previous.vllm.dependencies or [ ];
          nativeBuildInputs = [ final.autoPatchelfHook ];
          buildInputs = [
            final.stdenv.cc.cc.lib
            final.rocmPackages.clr
            final.rocmPackages.hipblas
            final.rocmPackages.hipblaslt
            final.rocmPackages.hipfft
            final.rocmPackages.hiprand
            final.rocmPackages.hipsolver
            final.rocmPackages.hipsparse
            final.rocmPackages.miopen
            final.rocmPackages.rccl
            final.rocmPackages.rocblas
            final.rocmPackages.rocm-runtime
            final.rocmPackages.rocrand
            final.rocmPackages.rocsolver
            final.rocmPackages.rocsparse
            final.rocmPackages.roctracer
          ];
          autoPatchelfIgnoreMissingDeps = [ "*" ];
          # Its own libraries lie beside its modules.
          postFixup = "addAutoPatchelfSearchPath \"$out\"";
          dontStrip = true;
        };
        torch = python.buildPythonPackage {
          pname = "torch";
          version = "2.9.1";
          format = "wheel";
          src = final.requireFile {
            name = "torch-2.9.1-cp311-cp311-linux_x86_64.whl";
            hash = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=";
            message = "Add the wheel first: nix-store --add-fixed sha256 torch-2.9.1-cp311-cp311-linux_x86_64.whl";
          };
          dependencies = previous.torch.dependencies or [ ];
          nativeBuildInputs = [ final.autoPatchelfHook ];
          buildInputs = [
            final.stdenv.cc.cc.lib
            final.rocmPackages.clr
            final.rocmPackages.hipblas
            final.rocmPackages.hipblaslt
            final.rocmPackages.hipfft
            final.rocmPackages.hiprand
            final.rocmPackages.hipsolver
            final.rocmPackages.hipsparse
            final.rocmPackages.miopen
            final.rocmPackages.rccl
            final.rocmPackages.rocblas
            final.rocmPackages.rocm-runtime
            final.rocmPackages.rocrand
            final.rocmPackages.rocsolver
            final.rocmPackages.rocsparse
            final.rocmPackages.roctracer
          ];
          autoPatchelfIgnoreMissingDeps = [ "*" ];
          # Its own libraries lie beside its modules.
          postFixup = "addAutoPatchelfSearchPath \"$out\"";
          dontStrip = true;
          passthru =
            previous.torch.passthru
            // {
              cudaSupport = false;
              rocmSupport = true;
            };
        };
      })
    ];
}
