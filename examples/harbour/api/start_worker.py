"""Starts Celery with as many processes as the machine has cores."""

import os

from harbour.celery import app

app.worker_main(["worker", "--loglevel", "info", "--concurrency", str(os.cpu_count() or 1)])
