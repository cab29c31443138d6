# Python as this machine has it: a copy of a pyenv version (`root/`), under /usr/local as in the official image.
ARG FROM
FROM ${FROM}
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        libbz2-1.0 libdb5.3 libexpat1 libffi8 libgdbm6 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 \
        libuuid1 netbase zlib1g >/dev/null
COPY root/ /usr/local/
RUN set -e; ldconfig; python3 -c 'import ssl, sqlite3, ctypes, bz2, lzma, zlib, readline'; \
    python3 -m ensurepip --altinstall >/dev/null 2>&1; \
    python3 -m pip install --quiet --root-user-action=ignore --force-reinstall --no-deps pip; \
    ln -sf python3 /usr/local/bin/python; pip --version
ENV LANG=C.UTF-8
CMD ["python3"]
