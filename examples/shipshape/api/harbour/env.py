"""Reads configuration. What is missing stops the process at start, not at the first request."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set")
    return value


def listed(name: str) -> list[str]:
    return [item.strip() for item in required(name).split(",") if item.strip()]


def secret(name: str) -> str:
    """The content of the file that NAME_FILE points at (a Compose secret), or NAME itself outside Compose."""
    path = os.environ.get(f"{name}_FILE")
    value = Path(path).read_text().strip() if path else os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"neither {name}_FILE nor {name} gives a value")
    return value
