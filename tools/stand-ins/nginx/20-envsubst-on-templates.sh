#!/bin/sh
# Fills variables that are set into /etc/nginx/templates/**/*.template and lays the results under /etc/nginx/conf.d.
set -e
templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
[ -d "$templates" ] || exit 0
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | grep -E "${NGINX_ENVSUBST_FILTER:-}" | sed 's/.*/${&}/' | tr '\n' ' ')
if [ ! -w "$output" ]; then
  echo "$0: $output is not writable" >&2
  exit 0
fi
find "$templates" -follow -type f -name "*$suffix" | while read -r template; do
  relative=${template#"$templates/"}
  target=$output/${relative%"$suffix"}
  mkdir -p "$(dirname "$target")"
  envsubst "$names" <"$template" >"$target"
done
