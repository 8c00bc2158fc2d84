# As much of nixpkgs as a variant asks for, with the rules of nixpkgs for overlays and overrides, and packages that are
# plain attributes: what was overridden shows in them.
{
  system,
  config,
  overlays,
}:
let
  fold = builtins.foldl';
  fix =
    f:
    let
      x = f x;
    in
    x;
  extend =
    extension: base: final:
    let
      prev = base final;
    in
    prev // extension final prev;

  package =
    attributes:
    attributes
    // {
      override = arguments: package (attributes // { inherit arguments; });
      overrideAttrs = change: package (attributes // change attributes);
    };

  packages =
    final: version:
    fix (
      fold (base: extension: extend extension base) (self: {
        torch = package {
          pname = "torch";
          preConfigure = "base\n";
        };
        bitsandbytes = package {
          pname = "bitsandbytes";
          cmakeFlags = [ "-DBASE=1" ];
        };
        vllm = package {
          pname = "vllm";
          meta = {
            license = "asl20";
          };
          built = {
            inherit system config version;
            cuda = final.cudaPackages.version;
            torch = removeAttrs self.torch [
              "override"
              "overrideAttrs"
            ];
            bitsandbytes = self.bitsandbytes.cmakeFlags;
          };
        };
      }) final.pythonPackagesExtensions
    );

  base = final: {
    cudaPackages = {
      version = "none";
    };
    cudaPackages_12_8 = {
      version = "12.8";
    };
    cudaPackages_12_9 = {
      version = "12.9";
    };
    pythonPackagesExtensions = [ ];
    fetchFromGitHub = arguments: arguments;
    python311Packages = packages final "3.11";
    python312Packages = packages final "3.12";
    python313Packages = packages final "3.13";
  };
in
fix (fold (base: overlay: extend overlay base) base overlays)
