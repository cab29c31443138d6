import { frontDoorNginx } from "./front-door-nginx.ts";
import { certbotService, nginxService } from "./front-door-services.ts";
import type { NewFile } from "./new-file.ts";

/** What one path of the site is sent to. */
export interface FrontDoorRoute {
  /** Starts with a slash. Every path below it, or with `exact` this one alone. */
  readonly path: string;
  readonly exact?: boolean;
  /** Name of the Compose service, and the port that it listens on in its container. */
  readonly service: string;
  readonly port: number;
  /** WebSockets or event streams: the connection may be silent for an hour. */
  readonly sockets?: boolean;
  /** File names below it change with their content: browsers may keep them for a year. */
  readonly hashed?: boolean;
  /** Passwords are tried here: six a minute from one address, no matter what the application does. */
  readonly login?: boolean;
}

export interface FrontDoorInput {
  /** Folder for the files, relative to the directory that Compose resolves paths against: `front-door`. */
  readonly folder: string;
  /** At least one; a route for `/` where the whole site is served. */
  readonly routes: readonly FrontDoorRoute[];
  /** The largest request body that the application takes, in bytes; ten megabytes when that is not known. */
  readonly bodyBytes?: number;
  /** Networks that the upstream services are on, by the names in the file. Left out: the project's default one. */
  readonly networks?: readonly string[];
  /** Names of the two services; `nginx` and `certbot`. */
  readonly names?: { readonly proxy: string; readonly certificates: string };
  /** A Content-Security-Policy for answers that bring none. Left out, since nobody can guess one for an existing site. */
  readonly contentSecurityPolicy?: string;
}

export interface FrontDoor {
  readonly files: readonly NewFile[];
  /** Lines of the two services, the first one of each without indentation: `nginx:`. */
  readonly services: readonly (readonly string[])[];
  /** Named volumes to declare. */
  readonly volumes: readonly string[];
  /** Variables that have to be set on the server, for .env.example. */
  readonly variables: readonly { readonly name: string; readonly example: string; readonly says: string }[];
}

/**
 * nginx with TLS and certbot as two Compose services and their files, with nothing left to fill in but two variables.
 * It starts before there is a certificate (with a placeholder), gets the first one through itself, looks for a renewal
 * twice a day and reloads when there is one, or when a release has brought other snippets. Services behind it are looked up per request, so it also starts without them.
 * Shell files are read with `sh FILE` and need no mode.
 */
export function frontDoor(input: FrontDoorInput): FrontDoor {
  const names = input.names ?? { proxy: "nginx", certificates: "certbot" };
  return {
    files: [
      ...frontDoorNginx(input).map(file => ({ ...file, path: `${input.folder}/${file.path}` })),
      { path: `${input.folder}/entrypoint/start.sh`, text: start },
      { path: `${input.folder}/certbot/renew.sh`, text: renew },
    ],
    services: [nginxService(input, names.proxy), certbotService(input, names.certificates, names.proxy)],
    volumes: ["tls", "acme", "letsencrypt"],
    variables: [
      {
        name: "SITE_DOMAIN",
        example: "www.example.org",
        says: "Name under which visitors reach the site; several with blanks between them",
      },
      {
        name: "ACME_EMAIL",
        example: "ops@example.org",
        says: "Address to which the certificate authority writes before a certificate ends",
      },
    ],
  };
}

const start = `#!/bin/sh
# nginx does not start without a certificate, and certbot gets none without nginx. The first start makes
# a self-signed pair in a directory of its own, which certbot's script replaces by one rename.
set -eu
tls=/etc/nginx/tls
if [ ! -e "$tls/current/fullchain.pem" ]; then
    mkdir -p "$tls/placeholder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=placeholder \\
        -keyout "$tls/placeholder/privkey.pem" -out "$tls/placeholder/fullchain.pem"
    ln -sfn placeholder "$tls/current"
fi

# nginx keeps certificates and configuration in memory. This looks whether \`current\` points at another pair, or a
# release has brought other snippets, and reloads then.
look() {
    { readlink "$tls/current" && cat /etc/nginx/snippets/*; } | cksum
}
watch() {
    seen=$(look)
    while sleep 60; do
        now=$(look)
        if [ "$now" != "$seen" ] && nginx -t -q && nginx -s reload; then
            seen=$now
        fi
    done
}
watch &

# The image's own entry point fills in the template and starts nginx in this process.
exec /docker-entrypoint.sh nginx -g "daemon off;"
`;

const renew = `#!/bin/sh
# Gets the certificate, and looks twice a day whether it has to be renewed or the names have changed.
set -eu
trap 'exit 0' TERM INT
live=/etc/letsencrypt/live/site

# Puts the pair beside the old one and switches by one rename: nginx never sees a certificate with another's key.
# Compared each time, so that a switch that failed is made up for.
install_pair() {
    if cmp -s "$live/fullchain.pem" /tls/current/fullchain.pem; then return; fi
    version=$(date +%Y%m%d%H%M%S)
    mkdir -p "/tls/$version"
    (umask 077 && cp -L "$live/fullchain.pem" "$live/privkey.pem" "/tls/$version/")
    ln -sfn "$version" /tls/next
    mv -fT /tls/next /tls/current
}

set --
for name in $SITE_DOMAIN; do set -- "$@" --domain "$name"; done
while :; do
    if certbot certonly --non-interactive --agree-tos --email "$ACME_EMAIL" --server "$ACME_SERVER" \\
        --webroot --webroot-path /var/www/acme --cert-name site --keep-until-expiring --renew-with-new-domains "$@" \\
        && install_pair; then
        # The health check looks at the age of this file.
        touch /tmp/asked
        pause=43200
    else
        # The authority limits how often one may try.
        pause=3600
    fi
    sleep "$pause" &
    wait $!
done
`;
