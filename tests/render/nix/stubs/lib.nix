# What the written Nix uses of nixpkgs' `lib`, as its manual describes it: functions, types of options, and modules.
# Types check as strictly as the real ones, so that what would be refused there is refused here.
let
  inherit (builtins)
    all
    any
    attrNames
    concatLists
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    hasAttr
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    length
    listToAttrs
    map
    mapAttrs
    match
    replaceStrings
    stringLength
    substring
    tail
    typeOf
    ;

  id = value: value;
  concatMap = f: list: concatLists (map f list);
  attrValues = set: map (name: set.${name}) (attrNames set);
  unique = foldl' (seen: item: if elem item seen then seen else seen ++ [ item ]) [ ];
  at = path: concatStringsSep "." path;
  isDerivation = value: isAttrs value && (value.type or null) == "derivation";

  # Options are checked and merged by their types: `merge` gets where they are, and what modules define.
  mkType = name: check: mergeAll: { inherit name check mergeAll; };
  single =
    name: check:
    mkType name check (
      path: definitions:
      if all (each: each == head definitions) definitions then
        checked name check path (head definitions)
      else
        throw "The option `${at path}` has conflicting definitions"
    );
  checked =
    name: check: path: value:
    if check value then
      value
    else
      throw "A definition for option `${at path}` is not of type `${name}` but ${typeOf value}";

  isIntBetween = low: high: value: isInt value && value >= low && value <= high;
  isPathLike = value: isPath value || (isString value && substring 0 1 value == "/") || isDerivation value;

  types = rec {
    bool = single "boolean" isBool;
    int = single "signed integer" isInt;
    float = single "floating point number" isFloat;
    number = single "number" (value: isInt value || isFloat value);
    str = single "string" (value: isString value || isDerivation value);
    nonEmptyStr = single "non-empty string" (value: isString value && match "[[:space:]]*" value == null);
    path = single "absolute path" isPathLike;
    package = single "package" (value: isDerivation value || isPathLike value);
    port = single "16 bit unsigned integer" (isIntBetween 0 65535);
    ints = {
      unsigned = single "unsigned integer" (isIntBetween 0 9223372036854775807);
      positive = single "positive integer" (isIntBetween 1 9223372036854775807);
      between = low: high: single "integer between" (isIntBetween low high);
    };
    strMatching =
      pattern: single "string matching ${pattern}" (value: isString value && match pattern value != null);
    enum = values: single "one of the known values" (value: elem value values);
    raw = single "raw value" (_: true);
    lines = mkType "strings" isString (path: definitions: concatStringsSep "\n" definitions);
    nullOr =
      inner:
      mkType "null or ${inner.name}" (value: value == null || inner.check value) (
        path: definitions:
        if all (value: value == null) definitions then
          null
        else if any (value: value == null) definitions then
          throw "The option `${at path}` is defined both null and not null"
        else
          inner.mergeAll path definitions
      );
    either =
      first: second:
      mkType "${first.name} or ${second.name}" (value: first.check value || second.check value) (
        path: definitions:
        if all first.check definitions then first.mergeAll path definitions else second.mergeAll path definitions
      );
    oneOf = choices: foldl' either (head choices) (tail choices);
    listOf =
      inner:
      mkType "list of ${inner.name}" isList (
        path: definitions:
        map (item: inner.mergeAll (path ++ [ "*" ]) (values item)) (
          concatMap (checked "list of ${inner.name}" isList path) definitions
        )
      );
    attrsOf =
      inner:
      mkType "attribute set of ${inner.name}" isAttrs (
        path: definitions:
        let
          sets = map (checked "attribute set of ${inner.name}" isAttrs path) definitions;
          found =
            name: values { _type = "merge"; contents = concatMap (set: if hasAttr name set then [ set.${name} ] else [ ]) sets; };
          names = filter (name: found name != [ ]) (unique (concatMap attrNames sets));
        in
        listToAttrs (map (name: { inherit name; value = inner.mergeAll (path ++ [ name ]) (found name); }) names)
      );
    attrs = mkType "attribute set" isAttrs (path: definitions: foldl' (all: one: all // one) { } definitions);
    # Sets are merged, all else has to agree.
    anything = mkType "anything" (_: true) (
      path: definitions:
      if all isAttrs definitions && !(any isDerivation definitions) then
        (attrsOf anything).mergeAll path definitions
      else if length definitions == 1 then
        head definitions
      else
        (single "anything" (_: true)).mergeAll path definitions
    );
    submodule =
      module:
      mkType "submodule" (value: isAttrs value || isFunction value) (
        path: definitions:
        (evalModulesAt path {
          modules = [ module ] ++ map (definition: if isFunction definition then definition else { config = definition; }) definitions;
          specialArgs = { name = elemAt path (length path - 1); };
        }).config
      );
  };

  # Conditions, merges and priorities are taken apart where a value is asked for.
  properties =
    priority: value:
    let
      kind = if isAttrs value then value._type or null else null;
    in
    if kind == "if" then
      (if value.condition then properties priority value.content else [ ])
    else if kind == "merge" then
      concatMap (properties priority) value.contents
    else if kind == "override" then
      properties value.priority value.content
    else
      [ { inherit priority value; } ];
  values =
    value:
    let
      found = properties 100 value;
      best = foldl' (low: each: if each.priority < low then each.priority else low) 9999 found;
    in
    map (each: each.value) (filter (each: each.priority == best) found);
  plain = value: map (each: each.value) (properties 100 value);

  # The definitions of a name within definitions of the set above it, each with the properties of that.
  below =
    name: definition:
    let
      kind = definition._type or null;
    in
    if kind == "if" then
      map (content: { _type = "if"; inherit (definition) condition; inherit content; }) (below name definition.content)
    else if kind == "merge" then
      concatMap (below name) definition.contents
    else if kind == "override" then
      map (content: definition // { inherit content; }) (below name definition.content)
    else
      (if hasAttr name definition then [ definition.${name} ] else [ ]);

  isOption = value: isAttrs value && (value._type or null) == "option";

  mergeOptions =
    path: trees:
    let
      names = unique (concatMap attrNames trees);
      of = name: concatMap (tree: if hasAttr name tree then [ tree.${name} ] else [ ]) trees;
      one =
        name:
        let
          found = of name;
        in
        if any isOption found then
          (if length found == 1 then head found else throw "The option `${at (path ++ [ name ])}` is declared twice")
        else
          mergeOptions (path ++ [ name ]) found;
    in
    listToAttrs (map (name: { inherit name; value = one name; }) names);

  valueOf =
    path: option: definitions:
    let
      found = values { _type = "merge"; contents = definitions; };
      merged =
        if found != [ ] then
          option.type.mergeAll path found
        else if option ? default then
          (
            # A set of defaults is merged like any other, so that submodules get theirs.
            if isAttrs option.default && !(isDerivation option.default) then
              option.type.mergeAll path [ option.default ]
            else
              option.default
          )
        else
          throw "The option `${at path}` was accessed but has no value defined";
    in
    (option.apply or id) merged;

  configOf =
    path: options: definitions:
    mapAttrs (
      name: option:
      let
        inner = concatMap (below name) definitions;
        here = path ++ [ name ];
      in
      if isOption option then valueOf here option inner else configOf here option inner
    ) options;

  # What is defined and not declared.
  unknown =
    path: options: freeform: definitions:
    concatMap (
      definition:
      concatMap (
        name:
        let
          here = path ++ [ name ];
        in
        if !(hasAttr name options) then
          (if freeform then [ ] else [ (at here) ])
        else if isOption options.${name} then
          [ ]
        else
          unknown here options.${name} false [ definition.${name} ]
      ) (attrNames definition)
    ) (concatMap plain definitions);

  evalModulesAt =
    path:
    {
      modules,
      specialArgs ? { },
    }:
    let
      args = {
        inherit lib config options;
      } // specialArgs;
      opened = module: if isPath module then import module else module;
      # A function gets only what it names, so that a pattern without `...` works for modules of one argument.
      called = module: if isFunction module then module args else module;
      flatten =
        module:
        let
          one = called (opened module);
        in
        [ one ] ++ concatMap flatten (one.imports or [ ]);
      flat = concatMap flatten modules;
      isStructured = module: module ? options || module ? config || module ? imports || module ? freeformType;
      options = mergeOptions path (map (module: module.options or { }) flat);
      definitions = map (
        module:
        if isStructured module then
          module.config or { }
        else
          removeAttrs module [
            "_module"
            "_file"
          ]
      ) flat;
      freeforms = concatMap (module: if module ? freeformType then [ module.freeformType ] else [ ]) flat;
      strangers = unknown path options (freeforms != [ ]) definitions;
      declared = configOf path options definitions;
      others = removeAttrs ((head freeforms).mergeAll path (concatMap plain definitions)) (attrNames options);
      config = if freeforms == [ ] then declared else others // declared;
    in
    {
      inherit options;
      config =
        if strangers == [ ] then
          config
        else
          throw "The option `${head strangers}` does not exist";
    };

  lib = rec {
    inherit
      attrNames
      attrValues
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      hasAttr
      head
      id
      isAttrs
      isBool
      isDerivation
      isInt
      isList
      isString
      length
      listToAttrs
      mapAttrs
      tail
      types
      unique
      ;
    evalModules = evalModulesAt [ ];
    mkOption = attributes: { _type = "option"; type = types.raw; } // attributes;
    mkEnableOption =
      description:
      mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${description}.";
      };
    mkPackageOption =
      pkgs: name: extra:
      mkOption {
        type = types.package;
        default = pkgs.${name};
        description = "The ${name} package to use.";
      };
    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkMerge = contents: { _type = "merge"; inherit contents; };
    mkOverride = priority: content: { _type = "override"; inherit priority content; };
    mkDefault = mkOverride 1000;
    mkForce = mkOverride 50;
    mkBefore = id;
    mkAfter = id;
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    optionalString = condition: text: if condition then text else "";
    optionalAttrs = condition: set: if condition then set else { };
    nameValuePair = name: value: { inherit name value; };
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    filterAttrs =
      keep: set: listToAttrs (concatMap (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set));
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    recursiveUpdate =
      left: right:
      left
      // mapAttrs (
        name: value:
        if isAttrs value && isAttrs (left.${name} or null) then recursiveUpdate left.${name} value else value
      ) right;
    concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
    concatStrings = concatStringsSep "";
    splitString = separator: text: filter isString (builtins.split (builtins.replaceStrings [ "." ":" ] [ "[.]" "[:]" ] separator) text);
    last = list: elemAt list (length list - 1);
    toInt = builtins.fromJSON;
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      let
        from = stringLength text - stringLength suffix;
      in
      from >= 0 && substring from (stringLength suffix) text == suffix;
    removePrefix =
      prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
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
    getExe = package: "${package}/bin/${package.meta.mainProgram or package.pname or package.name}";
    getExe' = package: name: "${package}/bin/${name}";
    getBin = id;
    getLib = id;
    makeBinPath = concatMapStringsSep ":" (package: "${package}/bin");
    makeLibraryPath = concatMapStringsSep ":" (package: "${package}/lib");
    versionAtLeast = left: right: builtins.compareVersions left right >= 0;
    versionOlder = left: right: builtins.compareVersions left right < 0;
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    licenses = {
      asl20.spdxId = "Apache-2.0";
      mit.spdxId = "MIT";
    };
    platforms.linux = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    maintainers = { };
    fileset = { };
  };
in
lib
