# What the configuration in a file of Nix is, when it is given stand-ins for what NixOS gives it: `lib` as far as
# configurations use it, and packages that are wherever a system has its programs.
{
  file,
  packages,
  service,
}:
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    elem
    filter
    functionArgs
    hasAttr
    intersectAttrs
    isAttrs
    isFunction
    isString
    listToAttrs
    map
    mapAttrs
    match
    replaceStrings
    stringLength
    substring
    ;
  programs = "/run/current-system/sw";
  package = name: {
    inherit name;
    type = "derivation";
    pname = name;
    outPath = programs;
    override = _: package name;
    overrideAttrs = _: package name;
  };
  pkgs = listToAttrs (map (name: { inherit name; value = package name; }) packages) // {
    inherit lib;
  };
  lib = rec {
    inherit
      attrNames
      concatStringsSep
      elem
      filter
      isAttrs
      isString
      listToAttrs
      mapAttrs
      replaceStrings
      ;
    attrValues = set: map (name: set.${name}) (attrNames set);
    concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
    concatStrings = concatStringsSep "";
    escapeShellArg =
      value:
      let
        text = toString value;
      in
      if match "[[:alnum:],._+:@%/-]+" text == null then
        "'${replaceStrings [ "'" ] [ "'\\''" ] text}'"
      else
        text;
    escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    filterAttrs =
      keep: set:
      listToAttrs (
        concatLists (map (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set))
      );
    flatten = list: concatLists (map (item: if builtins.isList item then flatten item else [ item ]) list);
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    getExe = package: "${package}/bin/${package.meta.mainProgram or package.pname or package.name}";
    getExe' = package: name: "${package}/bin/${name}";
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    nameValuePair = name: value: { inherit name value; };
    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    optionals = condition: list: if condition then list else [ ];
    optionalString = condition: text: if condition then text else "";
    recursiveUpdate =
      left: right:
      left
      // mapAttrs (
        name: value:
        if isAttrs value && isAttrs (left.${name} or null) then recursiveUpdate left.${name} value else value
      ) right;
    trim = text: builtins.head (match "[[:space:]]*(.*[^[:space:]]|)[[:space:]]*" text);
    # One module alone has nothing to be merged with.
    mkIf = condition: content: if condition then content else { };
    mkMerge = builtins.foldl' recursiveUpdate { };
    mkDefault = value: value;
    mkForce = value: value;
    mkBefore = value: value;
    mkAfter = value: value;
    mkOption = attributes: attributes;
    mkEnableOption = _: { };
  };
  arguments = {
    inherit lib pkgs;
    options.services.${service} = { };
    config.services.${service} = found;
    modulesPath = programs;
  };
  read = import file;
  taken = functionArgs read;
  value =
    if !(isFunction read) then
      read
    else if taken == { } then
      read arguments
    else
      read (intersectAttrs taken arguments);
  body = if value ? config && isAttrs value.config then value.config else value;
  found = body.services.${service} or { };
in
if body ? services && hasAttr service body.services then found else body
