# Made by `remuda render flake`; edit the fleet file instead.
final: prev: {
  pythonPackagesExtensions =
    prev.pythonPackagesExtensions
    ++ [
      (python: previous: {
        # Older ones are compiled for the processor of whoever builds.
        vllm =
          if
            final.lib.versionOlder previous.vllm.version "0.17"
          then
            previous.vllm.overridePythonAttrs
              (old: { env = old.env or { } // { VLLM_CPU_DISABLE_AVX512 = "true"; }; })
          else
            previous.vllm;
      })
    ];
}
