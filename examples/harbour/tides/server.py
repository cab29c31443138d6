"""Says when the water is high in the harbour. A sine is good enough for a fender."""

import json
import math
import time

PERIOD = 12.42 * 3600
MEAN, RANGE = 2.6, 1.9


def height(at: float) -> float:
    return round(MEAN + RANGE * math.sin(2 * math.pi * at / PERIOD), 2)


def app(environ, start_response):
    now = time.time()
    table = [{"at": int(now + hour * 3600), "metres": height(now + hour * 3600)} for hour in range(24)]
    body = json.dumps({"tides": table}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
