# Made by `remuda render flake`; edit the fleet file instead.
final: prev: {
  pythonPackagesExtensions =
    prev.pythonPackagesExtensions
    ++ [
      (python: previous: {
        vllm = python.buildPythonPackage {
          pname = "vllm";
          version = "0.19.0";
          format = "wheel";
          src =
            {
              x86_64-linux = final.fetchurl {
                url = "https://example.com/vllm-0.19.0-cp38-abi3-manylinux_2_31_x86_64.whl";
                name = "vllm-0.19.0-cp38-abi3-manylinux_2_31_x86_64.whl";
                hash = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=";
              };
              aarch64-linux = final.fetchurl {
                url = "https://example.com/vllm-0.19.0-cp38-abi3-manylinux_2_31_aarch64.whl";
                name = "vllm-0.19.0-cp38-abi3-manylinux_2_31_aarch64.whl";
                hash = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=";
              };
            }."${final.stdenv.hostPlatform.system}";
          dependencies = previous.vllm.dependencies or [ ];
          nativeBuildInputs = [
            final.autoPatchelfHook
            final.autoAddDriverRunpath
          ];
          buildInputs = [
            final.stdenv.cc.cc.lib
            final.cudaPackages.cuda_cudart
            final.cudaPackages.cuda_cupti
            final.cudaPackages.cuda_nvrtc
            final.cudaPackages.cuda_nvtx
            final.cudaPackages.cudnn
            final.cudaPackages.libcublas
            final.cudaPackages.libcufft
            final.cudaPackages.libcufile
            final.cudaPackages.libcurand
            final.cudaPackages.libcusolver
            final.cudaPackages.libcusparse
            final.cudaPackages.nccl
            (final.cudaPackages).cusparselt or final.cudaPackages.libcusparse_lt
          ];
          autoPatchelfIgnoreMissingDeps = [ "*" ];
          # Its own libraries lie beside its modules.
          postFixup = "addAutoPatchelfSearchPath \"$out\"";
          # Torch opens it by name.
          appendRunpaths = [ "${final.lib.getLib final.cudaPackages.cuda_nvrtc}/lib" ];
          dontStrip = true;
        };
        torch = python.buildPythonPackage {
          pname = "torch";
          version = "2.10.0+cu128";
          format = "wheel";
          src =
            {
              x86_64-linux = final.fetchurl {
                url = "https://example.com/torch-2.10.0%2Bcu128-cp312-cp312-manylinux_2_28_x86_64.whl";
                name = "torch-2.10.0+cu128-cp312-cp312-manylinux_2_28_x86_64.whl";
                hash = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=";
              };
              aarch64-linux = final.fetchurl {
                url = "https://example.com/torch-2.10.0%2Bcu128-cp312-cp312-manylinux_2_28_aarch64.whl";
                name = "torch-2.10.0+cu128-cp312-cp312-manylinux_2_28_aarch64.whl";
                hash = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=";
              };
            }."${final.stdenv.hostPlatform.system}";
          dependencies = previous.torch.dependencies or [ ];
          nativeBuildInputs = [
            final.autoPatchelfHook
            final.autoAddDriverRunpath
          ];
          buildInputs = [
            final.stdenv.cc.cc.lib
            final.cudaPackages.cuda_cudart
            final.cudaPackages.cuda_cupti
            final.cudaPackages.cuda_nvrtc
            final.cudaPackages.cuda_nvtx
            final.cudaPackages.cudnn
            final.cudaPackages.libcublas
            final.cudaPackages.libcufft
            final.cudaPackages.libcufile
            final.cudaPackages.libcurand
            final.cudaPackages.libcusolver
            final.cudaPackages.libcusparse
            final.cudaPackages.nccl
            (final.cudaPackages).cusparselt or final.cudaPackages.libcusparse_lt
          ];
          autoPatchelfIgnoreMissingDeps = [ "*" ];
          # Its own libraries lie beside its modules.
          postFixup = "addAutoPatchelfSearchPath \"$out\"";
          # Torch opens it by name.
          appendRunpaths = [ "${final.lib.getLib final.cudaPackages.cuda_nvrtc}/lib" ];
          dontStrip = true;
          passthru =
            previous.torch.passthru
            // {
              cudaSupport = true;
              rocmSupport = false;
            };
        };
      })
    ];
}
