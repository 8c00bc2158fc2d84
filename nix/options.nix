# Made by scripts/generate from the schema of the fleet file.
{ lib }:
let
  inherit (lib) mkOption types;
  # A section without nulls.
  dropped = set: if builtins.isAttrs set then lib.filterAttrs (_: each: each != null) set else set;

  engineDefaults = types.submodule {
    options = {
      image = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Container image without tag or digest.";
      };
      tag = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Tag of the image; excludes `digest`.";
      };
      digest = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Digest of the image (`sha256:…`); excludes `tag`.";
      };
      devices = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Devices of models that name none.";
      };
      environment = mkOption {
        type = types.nullOr (types.attrsOf (types.oneOf [
          types.str
          types.int
        ]));
        default = null;
        description = "Environment variables; a model's own come over them. References are resolved.";
      };
      environment_file = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "File of environment variables, loaded before the model's.";
      };
      settings = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Flags of the engine as it writes them, without dashes; a model's own come over them.";
      };
      executable = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Program that runs the engine, a path or a name.";
      };
      cache_dir = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Units: directory of the host for what the engine downloads; `/var/cache/<engine>`, for a unit without a container `/var/cache/remuda/<engine>`, or your own cache where there is no `user` and no `uid`.";
      };
      user = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Units: the user whose they are. With `uid`, the engine's name, and then that user is made; any other has to be there. `root` makes them the system's. Without both they are for whoever installs them.";
      };
      group = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Units: primary group of the user; the user's name.";
      };
      uid = mkOption {
        type = types.nullOr (types.ints.between 0 4294967294);
        default = null;
        description = "Units: the number of the user.";
      };
      gid = mkOption {
        type = types.nullOr (types.ints.between 0 4294967294);
        default = null;
        description = "Units: the number of the group; that of the user.";
      };
      data_dir = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Units: home of the user, where podman keeps images; `/var/lib/<user>`. Needs to bear overlayfs.";
      };
      sub_uid_start = mkOption {
        type = types.nullOr (types.ints.between 0 4294967294);
        default = null;
        description = "Units: first of the host's numbers that stand for the users in the containers.";
      };
      sub_uid_count = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Units: how many numbers these are.";
      };
      sub_gid_start = mkOption {
        type = types.nullOr (types.ints.between 0 4294967294);
        default = null;
        description = "Units: the same for groups; as for users, unless given.";
      };
      sub_gid_count = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Units: how many; as for users, unless given.";
      };
      open_files_limit = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Units: how many files an engine may have open.";
      };
      startup_ordering = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Units: whether models start one after the other by their ports, since engines that measure free memory at the same time each find all of it free.";
      };
    };
  };

  failover = types.submodule {
    options = {
      failover = mkOption {
        type = types.listOf types.str;
        description = "Models, aliases or routes, best first.";
      };
    };
  };

  gateway = types.submodule {
    options = {
      listen = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "`HOST:PORT` to answer at, an IPv6 host in brackets; port 0 lets the system choose. An address that other machines reach needs `keys`.";
      };
      keys = mkOption {
        type = types.nullOr (types.listOf key);
        default = null;
        apply = given: if given == null then null else map dropped given;
        description = "API keys; none leaves the gateway open to everybody who reaches it.";
      };
      tls = mkOption {
        type = types.nullOr tls;
        default = null;
        apply = dropped;
        description = "Answer `https` instead of `http`.";
      };
      access_log = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "File to write a line of JSON into for every request, or `-` for standard error.";
      };
      limits = mkOption {
        type = types.nullOr limits;
        default = null;
        apply = dropped;
        description = "How much the gateway takes, and how long it waits.";
      };
    };
  };

  group = types.submodule {
    options = {
      members = mkOption {
        type = types.listOf types.str;
        description = "The models of the group; a model may be in one group.";
      };
      swap = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether only one of the members may be up at a time.";
      };
      exclusive = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether loading a member unloads the models of other groups.";
      };
      persistent = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether loading models of other groups leaves this one alone.";
      };
    };
  };

  hooks = types.submodule {
    options = {
      before_load = mkOption {
        type = types.nullOr (types.oneOf [
          types.str
          (types.listOf types.str)
        ]);
        default = null;
        description = "Before the engine is started; if it fails, the engine is not, and its output is the reason.";
      };
      after_load = mkOption {
        type = types.nullOr (types.oneOf [
          types.str
          (types.listOf types.str)
        ]);
        default = null;
        description = "Once the instance can serve.";
      };
      before_unload = mkOption {
        type = types.nullOr (types.oneOf [
          types.str
          (types.listOf types.str)
        ]);
        default = null;
        description = "Before the engine is stopped.";
      };
      after_unload = mkOption {
        type = types.nullOr (types.oneOf [
          types.str
          (types.listOf types.str)
        ]);
        default = null;
        description = "Once nothing of the engine is left, however it ended.";
      };
      timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "How long each may take; then it is killed, and has failed.";
      };
    };
  };

  key = types.submodule {
    options = {
      name = mkOption {
        type = types.str;
        description = "Who uses the key, for logs and limits; unique.";
      };
      secret = mkOption {
        type = types.str;
        description = "Where the key is: `\${env:NAME}`, `\${file:path}` or `\${cred:name}`. Never the key itself.";
      };
      models = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Patterns of the names that the key may ask for; `*` stands for any characters.";
      };
      admin = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether the key opens the control API, logs and metrics, and may load and unload.";
      };
      requests_per_minute = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Requests in a minute; more are answered with 429.";
      };
      tokens_per_minute = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Tokens in a minute, of prompts and answers. They are counted when a request is over; then nothing is let in until they are made up for.";
      };
      concurrency = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Requests at the same time.";
      };
      priority = mkOption {
        type = types.nullOr types.int;
        default = null;
        description = "Requests of a higher priority are let into a model first.";
      };
    };
  };

  lane = types.submodule {
    options = {
      model = mkOption {
        type = types.str;
        description = "Model, alias or route that the name stands for.";
      };
      strip_params = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Parameters that are taken out of requests, such as `temperature`.";
      };
      set_params = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Parameters that are set in requests, whatever the client sends; they win over the model's.";
      };
    };
  };

  limits = types.submodule {
    options = {
      head_size = mkOption {
        type = types.nullOr (types.oneOf [
          types.ints.unsigned
          types.str
        ]);
        default = null;
        description = "Size of a request's head; more is answered with 431.";
      };
      head_fields = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Number of header fields; more is answered with 431.";
      };
      body_size = mkOption {
        type = types.nullOr (types.oneOf [
          types.ints.unsigned
          types.str
        ]);
        default = null;
        description = "Size of a request's body; more is answered with 413.";
      };
      head_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "How long a head may take to arrive, from its first byte to its last.";
      };
      body_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The longest pause while a body arrives.";
      };
      idle_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "How long a connection is kept without a request.";
      };
      connections_per_address = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Connections from one address at the same time; more are closed at once.";
      };
      queue = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Requests that may wait for one model; more are answered with 429.";
      };
      connect_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "How long a connection to an engine may take.";
      };
      first_byte_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "How long an engine may take to begin its answer; a long prompt may take minutes.";
      };
    };
  };

  lint = types.submodule {
    options = {
      model_ids = mkOption {
        type = types.nullOr (types.enum [
          "off"
          "warning"
          "error"
        ]);
        default = null;
        description = "Model IDs that are not `<family>-<size>[-backend/variant][-context][-vl]-<placement>`.";
      };
      verdicts = mkOption {
        type = types.nullOr (types.enum [
          "off"
          "warning"
          "error"
        ]);
        default = null;
        description = "Models whose build cannot run on the device that they are placed on, as far as that is certain.";
      };
    };
  };

  model = types.submodule {
    options = {
      name = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Display name.";
      };
      source = mkOption {
        type = types.nullOr source;
        default = null;
        apply = dropped;
        description = "Recipe of an upstream that gives what the model does not say itself; see `remuda sync`.";
      };
      engine = mkOption {
        type = types.nullOr (types.enum [
          "command"
          "llama-cpp"
          "ollama"
          "sglang"
          "vllm"
        ]);
        default = null;
        description = "Engine that serves the model; `command` if there is `cmd` or `url`.";
      };
      runtime = mkOption {
        type = types.nullOr (types.enum [
          "process"
          "podman"
          "docker"
          "systemd"
          "ray"
          "external"
        ]);
        default = null;
        description = "How an instance is run; `external` if there is a `url`, else `process`.";
      };
      model = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Weights as the engine names them: a path or a hub ID. For the engine `command`, the name that the server expects in a request; otherwise it is sent the model ID.";
      };
      served_name = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Name that the engine is told to serve the model under, and is sent in requests, instead of the model ID. For the engine `command`, the name that the server expects, instead of `model`.";
      };
      cmd = mkOption {
        type = types.nullOr (types.oneOf [
          types.str
          (types.listOf types.str)
        ]);
        default = null;
        description = "Command line of engine `command`: a list, or a text split into words as a shell does (no shell runs). `\${PORT}` and `\${MODEL_ID}` are replaced.";
      };
      ready = mkOption {
        type = types.nullOr (types.oneOf [
          (types.enum [ false ])
          types.str
        ]);
        default = null;
        description = "Path that answers 200 when the server is ready; `false` if accepting connections is enough.";
      };
      url = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Server that somebody else runs; Remuda forwards to it.";
      };
      devices = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Devices of the instance, instead of the engine's. A node (`/dev/…`) that is no GPU of the machine is given to a container or unit as it is; with nothing else in the list, the model counts as one of the CPU.";
      };
      settings = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Flags of the engine as it writes them, without dashes, over the defaults; `null` removes one.";
      };
      environment = mkOption {
        type = types.nullOr (types.attrsOf (types.nullOr (types.oneOf [
          types.str
          types.int
        ])));
        default = null;
        description = "Environment variables, over the engine's; `null` removes one. References are resolved.";
      };
      environment_file = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "File of environment variables, loaded after the engine's.";
      };
      image = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Container image without tag or digest, instead of the engine's with its tag.";
      };
      tag = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Tag of the image; excludes `digest`.";
      };
      digest = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Digest of the image (`sha256:…`); excludes `tag`.";
      };
      shm_size = mkOption {
        type = types.nullOr (types.oneOf [
          types.ints.unsigned
          types.str
        ]);
        default = null;
        description = "Shared memory of the container; 32GiB for engines whose workers share some, else the program's.";
      };
      volumes = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "What the container sees of the host, as podman and docker write it. Weights that are a file or directory here are mounted by themselves.";
      };
      network = mkOption {
        type = types.nullOr (types.enum [
          "publish"
          "host"
        ]);
        default = null;
        description = "`publish` gives the container a network of its own, of which one port is on the host's loopback address; with `host` it has the host's.";
      };
      steps = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Lines for the shell of the container (`/bin/sh`) that run in it before the engine, in this order; the first that fails ends it. The shell then makes way for the engine. Nothing in them is replaced by Remuda.";
      };
      executable = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Program that runs the engine, instead of the engine's; in a container, its path inside.";
      };
      port = mkOption {
        type = types.nullOr (types.ints.between 1 65535);
        default = null;
        description = "Port of the instance; otherwise a free one is taken at each start; a unit keeps its own.";
      };
      memory = mkOption {
        type = types.nullOr (types.oneOf [
          types.ints.unsigned
          types.str
          (types.attrsOf (types.oneOf [
            types.ints.unsigned
            types.str
          ]))
        ]);
        default = null;
        description = "What an instance needs of each of its devices, or a mapping of device to amount. Without it an instance counts as filling its devices, unless `residency.sets` names the model.";
      };
      ttl = mkOption {
        type = types.nullOr (types.oneOf [
          (types.enum [ 0 ])
          types.str
        ]);
        default = null;
        description = "Idle time after which the instance is stopped: `15m`, `0` (at once) or `never`, the default.";
      };
      sleep = mkOption {
        type = types.nullOr (types.enum [
          1
          2
        ]);
        default = null;
        description = "vLLM only: make room by sleeping instead of being stopped. `1` keeps the weights in the host's memory, `2` reads them again. For this Remuda switches on vLLM's sleep mode and its development endpoints.";
      };
      keep_cache = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "llama.cpp only: what its slots have cached is saved when it is stopped, and restored when it comes back, so that the same prompts need not be read again.";
      };
      priority = mkOption {
        type = types.nullOr types.int;
        default = null;
        description = "Added to the priority of requests for the model; while it serves, it does not make way for less.";
      };
      swappable = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "`false`: it is not evicted for another model; an idle time may still end it.";
      };
      preload = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether it is loaded at the start, if there is room.";
      };
      always_on = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether it is loaded at the start and whenever it has ended, and is not evicted or ended as idle.";
      };
      enabled = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "`false` gives no unit, no route and no claim to a port.";
      };
      unit = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Name of the unit or container; otherwise the model ID.";
      };
      aliases = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Other names that clients may send.";
      };
      strip_params = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Parameters that are taken out of requests.";
      };
      set_params = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Parameters that are set in requests, whatever the client sends.";
      };
      timings = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "Whether `timings` as llama.cpp has them are added to responses of an engine that has none.";
      };
      on_disconnect = mkOption {
        type = types.nullOr (types.enum [
          "cancel"
          "drain"
        ]);
        default = null;
        description = "What happens to a request whose client has left: it is cancelled at once, or read to its end.";
      };
      capabilities = mkOption {
        type = types.nullOr (types.listOf (types.enum [
          "completion"
          "chat"
          "tools"
          "vision"
          "audio"
          "embedding"
          "reranking"
          "thinking"
        ]));
        default = null;
        description = "What the model can do, for clients that ask; otherwise what the settings tell.";
      };
      context_length = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Tokens of context, for clients that ask; otherwise what the settings tell.";
      };
      metadata = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Anything that `/v1/models` should say about the model.";
      };
      upstream_headers = mkOption {
        type = types.nullOr (types.attrsOf types.str);
        default = null;
        description = "Header fields of requests to the server, over all others. References are resolved.";
      };
      unlisted = mkOption {
        type = types.nullOr types.bool;
        default = null;
        description = "`true` keeps the model out of lists; it can be asked for.";
      };
      limits = mkOption {
        type = types.nullOr processLimits;
        default = null;
        apply = dropped;
        description = "What all processes of the instance may use of the host; enforced where cgroups of version 2 are.";
      };
      hooks = mkOption {
        type = types.nullOr hooks;
        default = null;
        apply = dropped;
        description = "Programs to run around the instance's life.";
      };
      health_timeout = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "After how long an instance is ended that neither answers its health path nor sends a byte of any answer: `2m` for the engines that answer health beside their work, `never` for the engine `command`.";
      };
    };
  };

  nix = types.submodule {
    options = {
      nixpkgs = mkOption {
        type = types.str;
        description = "Commit of nixpkgs, in full.";
      };
      date = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Day of that commit, so that what is known to be broken in it is refused at once. Without it the flake refuses when it is evaluated.";
      };
      systems = mkOption {
        type = types.nullOr (types.listOf (types.enum [
          "x86_64-linux"
          "aarch64-linux"
        ]));
        default = null;
        description = "Machines that the flake has packages for.";
      };
      targets = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "GPUs that engines are compiled for: compute capabilities and gfx targets. Otherwise as nixpkgs chooses.";
      };
      wheels = mkOption {
        type = types.nullOr (types.attrsOf (types.listOf wheel));
        default = null;
        apply = given: if given == null then null else builtins.mapAttrs (_: map dropped) given;
        description = "Wheels by what they are built for, instead of packages of nixpkgs.";
      };
    };
  };

  processLimits = types.submodule {
    options = {
      memory = mkOption {
        type = types.nullOr (types.oneOf [
          types.ints.unsigned
          types.str
        ]);
        default = null;
        description = "Memory of the host; an instance that reaches it is ended by the kernel.";
      };
      cpus = mkOption {
        type = types.nullOr types.number;
        default = null;
        description = "Processors' worth of time.";
      };
    };
  };

  replicas = types.submodule {
    options = {
      replicas = mkOption {
        type = types.listOf types.str;
        description = "Models, aliases or routes. What is not loaded is left alone while another is ready.";
      };
      affinity = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "What leads requests to the same replica, for its cache: `prefix` (the beginning of the conversation) or `header:NAME`. A replica with more than 1.25 times the average load passes them on.";
      };
    };
  };

  residency = types.submodule {
    options = {
      budget = mkOption {
        type = types.nullOr (types.attrsOf (types.oneOf [
          types.ints.unsigned
          types.str
        ]));
        default = null;
        description = "What Remuda may use of a device; otherwise what is free.";
      };
      sets = mkOption {
        type = types.nullOr (types.attrsOf types.str);
        default = null;
        description = "Models that may be up together: `&` together, `|` either, parentheses, `+name` another set. Otherwise whatever fits.";
      };
      evict_costs = mkOption {
        type = types.nullOr (types.attrsOf types.ints.positive);
        default = null;
        description = "What it costs to evict a model where the sets leave a choice; 1 for every other.";
      };
      groups = mkOption {
        type = types.nullOr (types.attrsOf group);
        default = null;
        apply = given: if given == null then null else builtins.mapAttrs (_: dropped) given;
        description = "Groups of models that take turns, instead of sets; all other models form one more.";
      };
      reserve = mkOption {
        type = types.nullOr (types.attrsOf (types.oneOf [
          types.ints.unsigned
          types.str
        ]));
        default = null;
        description = "What stays free of a device, beside what Remuda and others use.";
      };
      min_residency = mkOption {
        type = types.nullOr (types.oneOf [
          (types.enum [ 0 ])
          types.str
        ]);
        default = null;
        description = "How long a freshly loaded model is not evicted for another, as far as `max_wait` allows.";
      };
      max_wait = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "After how long of waiting nothing that was asked for later, and needs the same room, goes before.";
      };
    };
  };

  source = types.submodule {
    options = {
      upstream = mkOption {
        type = types.str;
        description = "A key of `upstreams`.";
      };
      path = mkOption {
        type = types.str;
        description = "A compose file, by its path in the repository; `remuda sync` follows it where it is moved.";
      };
      service = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The service of that file, where it has several.";
      };
      variables = mkOption {
        type = types.nullOr (types.attrsOf types.str);
        default = null;
        description = "Values of the recipe's variables; all others have the recipe's defaults.";
      };
      drop_steps = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Steps of the recipe that are left out, each as `remuda.lock` has it.";
      };
    };
  };

  spillover = types.submodule {
    options = {
      spillover = mkOption {
        type = types.listOf types.str;
        description = "Models, aliases or routes, best first.";
      };
      at = mkOption {
        type = types.ints.positive;
        description = "A target is full when so many requests are served by it or wait for it.";
      };
    };
  };

  split = types.submodule {
    options = {
      split = mkOption {
        type = types.attrsOf types.ints.unsigned;
        description = "Model, alias or route → weight; the weights need not add up to 100.";
      };
      sticky = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "What keeps requests together on one target: `prefix` (the beginning of the conversation) or `header:NAME`. Otherwise chance decides for each.";
      };
    };
  };

  tls = types.submodule {
    options = {
      cert = mkOption {
        type = types.str;
        description = "File of the certificate and those above it, PEM.";
      };
      key = mkOption {
        type = types.str;
        description = "File of the certificate's private key, PEM.";
      };
    };
  };

  upstream = types.submodule {
    options = {
      git = mkOption {
        type = types.str;
        description = "Its address (`https://`, `ssh://`, `git://`, `user@host:path`), or the path of a clone on this machine, which is read where it is.";
      };
      ref = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Branch, tag or commit that is followed; otherwise the branch that the repository shows first.";
      };
    };
  };

  warm = types.submodule {
    options = {
      warm = mkOption {
        type = types.listOf types.str;
        description = "Models, aliases or routes, best first; the first is loaded when none is ready.";
      };
    };
  };

  wheel = types.submodule {
    options = {
      url = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Where it is downloaded from; needs `hash`.";
      };
      file = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its name; whoever builds adds the file to the Nix store first. Needs `hash`.";
      };
      path = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Where it lies inside of the flake, in the directory that is rendered to.";
      };
      hash = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its hash as Nix writes it: `sha256-…=`.";
      };
    };
  };
in
{
  gateway = mkOption {
    type = types.nullOr gateway;
    default = null;
    apply = dropped;
  };
  engines = mkOption {
    type = types.nullOr (types.attrsOf engineDefaults);
    default = null;
    apply = given: if given == null then null else builtins.mapAttrs (_: dropped) given;
    description = "Defaults for every model of an engine.";
  };
  upstreams = mkOption {
    type = types.nullOr (types.attrsOf upstream);
    default = null;
    apply = given: if given == null then null else builtins.mapAttrs (_: dropped) given;
    description = "Repositories of recipes that models come from by their `source`; see `remuda sync`.";
  };
  models = mkOption {
    type = types.attrsOf model;
    apply = given: if given == null then null else builtins.mapAttrs (_: dropped) given;
    description = "The models, by the ID that clients send.";
  };
  routes = mkOption {
    type = types.nullOr (types.attrsOf types.anything);
    default = null;
    apply = given: if given == null then null else builtins.mapAttrs (_: dropped) given;
    description = "Other names that clients may send: lanes (a name for a model) and choices among several.";
  };
  residency = mkOption {
    type = types.nullOr residency;
    default = null;
    apply = dropped;
  };
  nix = mkOption {
    type = types.nullOr nix;
    default = null;
    apply = dropped;
    description = "What `remuda render flake` builds engines from.";
  };
  lint = mkOption {
    type = types.nullOr lint;
    default = null;
    apply = dropped;
  };
}
