# Made by `remuda render flake`; edit the fleet file instead.
final:
prev:
let
  targets = [
    "gfx1100"
    "gfx1151"
  ];
in
{
  pythonPackagesExtensions =
    prev.pythonPackagesExtensions
    ++ [
      (python: previous: {
        torch = previous.torch.override { gpuTargets = targets; };
        vllm = previous.vllm.override { gpuTargets = targets; };
      })
    ];
  llama-cpp = prev.llama-cpp.override { rocmGpuTargets = targets; };
  ollama = prev.ollama.override { rocmGpuTargets = targets; };
}
