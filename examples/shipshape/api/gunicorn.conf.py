import os

bind = "0.0.0.0:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
timeout = 30
# Below stop_grace_period in compose.yml: requests in flight end before Docker sends SIGKILL.
graceful_timeout = 25
keepalive = 5
max_requests = 2000
max_requests_jitter = 200
# The heartbeat file must not live on a disk that can block.
worker_tmp_dir = "/dev/shm"
accesslog = "-"
# Only nginx and the front end reach this port.
forwarded_allow_ips = "*"
