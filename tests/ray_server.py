"""A Ray cluster of one worker with a port for clients, until its stdin ends: `python ray_server.py PORT FOLDER`."""

import sys

import ray
from ray.util.client.server.server import serve

SETTINGS = {"include_dashboard": False, "log_to_driver": False, "object_store_memory": 80_000_000}
ray.init(num_cpus=1, _temp_dir=sys.argv[2], **SETTINGS)
server = serve("127.0.0.1", int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
server.stop(0)
ray.shutdown()
