# What flakes use of nixpkgs' `lib` beside the stubs of the Nix writer.
import ../../nix/stubs/lib.nix
// {
  getVersion = package: package.version;
}
