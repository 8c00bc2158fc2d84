# Made by `remuda render nixos-llama-swap`; edit the fleet file instead.
{
  healthCheckTimeout = 900;
  apiKeys = [ "\${env.LS_KEY}" ];
  macros = {
    podman = "podman run --rm --init --replace --cap-drop all --security-opt no-new-privileges";
  };
  models = {
    "qwen3.6-27b-vllm-180k-cuda0" = {
      name = "Qwen3.6 27B (AutoRound INT4, 180K)";
      cmd = ''
        ''${podman}
        --name remuda-qwen3.6-27b-vllm-180k-cuda0
        --publish 127.0.0.1:''${PORT}:''${PORT}
        --shm-size 34359738368
        --stop-signal 15
        --device nvidia.com/gpu=0
        --volume /mnt/ssd/vLLM/Models:/root/.cache/huggingface
        --env CUDA_DEVICE_ORDER=PCI_BUS_ID
        --env VLLM_NO_USAGE_STATS=1
        --env DO_NOT_TRACK=1
        --env HF_TOKEN
        --entrypoint vllm docker.io/vllm/vllm-openai:v0.23.0 serve Lorbus/Qwen3.6-27B-int4-AutoRound
        --host 0.0.0.0
        --port ''${PORT}
        --served-model-name qwen3.6-27b-vllm-180k-cuda0
        --gpu-memory-utilization 0.92
        --max-model-len 180000
        --speculative-config '{"method":"mtp","num_speculative_tokens":3}'
      '';
      cmdStop = "podman stop --time 15 remuda-qwen3.6-27b-vllm-180k-cuda0";
      env = [ "HF_TOKEN=\${env.HF_TOKEN}" ];
      proxy = "http://127.0.0.1:\${PORT}";
      checkEndpoint = "/health";
      ttl = 900;
      filters = {
        stripParams = "temperature, top_p";
        setParams = {
          chat_template_kwargs = {
            enable_thinking = true;
          };
        };
        setParamsByID = {
          precise = {
            temperature = 0;
          };
        };
      };
      concurrencyLimit = 1000;
      capabilities = {
        "in" = [ "text" ];
        out = [ "text" ];
        context = 180000;
      };
      metadata = {
        type = [ "chat" ];
      };
      aliases = [
        "coder"
        "precise"
      ];
    };
    gemma3-4b-cuda1 = {
      cmd = ''
        llama-server
        --model '/m/gemma 3.gguf'
        --alias gemma3-4b-cuda1
        --host 127.0.0.1
        --port ''${PORT}
        --chat-template-kwargs '{"a": "it'"'"'s $'''{X:+y} $'''{PORT} $HOME"}'
        --ctx-size 8192
        --metrics
      '';
      env = [
        "CUDA_VISIBLE_DEVICES=1"
        "CUDA_DEVICE_ORDER=PCI_BUS_ID"
      ];
      proxy = "http://127.0.0.1:\${PORT}";
      checkEndpoint = "/health";
      ttl = 0;
      concurrencyLimit = 1000;
      capabilities = {
        "in" = [ "text" ];
        out = [ "text" ];
        tools = true;
        context = 8192;
      };
    };
    qwen3-4b-cuda1 = {
      cmd = ''
        llama-server
        --model /m/q.gguf
        --alias qwen3-4b-cuda1
        --host 127.0.0.1
        --port 9001
        --metrics
      '';
      env = [
        "CUDA_VISIBLE_DEVICES=1"
        "CUDA_DEVICE_ORDER=PCI_BUS_ID"
      ];
      proxy = "http://127.0.0.1:9001";
      checkEndpoint = "/health";
      ttl = 0;
      aliases = [ "small" ];
      concurrencyLimit = 1000;
      capabilities = {
        "in" = [
          "text"
          "image"
        ];
        out = [ "text" ];
      };
    };
    whisper = {
      cmd = ''
        env http_proxy=http://127.0.0.1:1 whisper-server
        --port ''${PORT}
        --name whisper
      '';
      env = [
        "CUDA_VISIBLE_DEVICES=1"
        "CUDA_DEVICE_ORDER=PCI_BUS_ID"
      ];
      proxy = "http://127.0.0.1:\${PORT}";
      checkEndpoint = "none";
      ttl = 0;
      concurrencyLimit = 1000;
    };
  };
  peers = {
    far = {
      proxy = "http://10.0.0.7:8000";
      apiKey = "\${env.FAR}";
      models = [ "far" ];
    };
  };
  selectors = {
    any = {
      strategy = "warm";
      targets = [
        "qwen3.6-27b-vllm-180k-cuda0"
        "small"
      ];
    };
    busy = {
      strategy = "spillover";
      targets = [
        "qwen3.6-27b-vllm-180k-cuda0"
        "qwen3-4b-cuda1"
      ];
      settings = {
        spillover = 4;
      };
    };
  };
  routing = {
    router = {
      use = "matrix";
      settings = {
        matrix = {
          vars = {
            m1 = "qwen3.6-27b-vllm-180k-cuda0";
            m2 = "gemma3-4b-cuda1";
            m3 = "qwen3-4b-cuda1";
            m4 = "whisper";
          };
          evict_costs = {
            m1 = 10;
          };
          sets = {
            concurrent = "m1 & (m2 | m3)";
            set2 = "m4";
            all = "+concurrent | +set2";
          };
        };
      };
    };
    scheduler = {
      use = "fifo";
      settings = {
        fifo = {
          priority = {
            gemma3-4b-cuda1 = 2;
          };
        };
      };
    };
  };
  hooks = {
    on_startup = {
      preload = [ "gemma3-4b-cuda1" ];
    };
  };
}
