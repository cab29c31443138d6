import { join } from "../core/path.ts";
import type { AppKind } from "../stack/app/detect.ts";
import { nginxImage } from "./base-images.ts";
import type { NodeApp } from "./node-app.ts";
import { buildStage } from "./node-dockerfile.ts";

/** Kinds whose program is a bundle: nothing of Node runs in production. */
export function isStatic(kind: AppKind): boolean {
  return kind === "vite" || kind === "cra";
}

/** A bundle, built and then served by nginx as a user without rights. `conf` stands beside the component's package.json. */
export function staticDockerfile(app: NodeApp, below: string, conf: string): string {
  return [
    ...buildStage(app, below),
    "",
    `FROM ${nginxImage} AS runtime`,
    `COPY ${join(below, join(app.member, conf))} /etc/nginx/nginx.conf`,
    `COPY --from=build ${join("/app", join(app.member, app.output))} /usr/share/nginx/html`,
    "# The image's user for workers; here the master has no more rights than they.",
    "USER nginx",
    `EXPOSE ${app.port}`,
    "HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \\",
    '    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:PORT/healthz"]'.replace(
      "PORT",
      String(app.port),
    ),
    "# The official entry point writes into /etc/nginx; this configuration needs nothing of it.",
    'ENTRYPOINT ["nginx", "-g", "daemon off;"]',
    "",
  ].join("\n");
}

/** A whole nginx.conf for a single-page application: writes below /tmp only, hashed files are cached, pages are not. */
export function siteConfiguration(app: NodeApp): string {
  const hashed = app.kind === "cra" ? "/static/" : "/assets/";
  return `worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /dev/stdout;
    server_tokens off;
    sendfile on;
    client_body_temp_path /tmp/client;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    gzip on;
    gzip_vary on;
    gzip_min_length 1024;
    gzip_types text/css application/javascript application/json image/svg+xml;

    server {
        listen ${app.port};
        root /usr/share/nginx/html;
        index index.html;

        location = /healthz {
            access_log off;
            return 200 "ok\\n";
        }

        # The names of these files change with their content.
        location ${hashed} {
            add_header Cache-Control "public, max-age=31536000, immutable";
            add_header X-Content-Type-Options nosniff always;
            try_files $uri =404;
        }

        # Every other address is a page of the application, which must not be older than the files it names.
        location / {
            add_header Cache-Control "no-cache";
            add_header X-Content-Type-Options nosniff always;
            try_files $uri /index.html;
        }
    }
}
`;
}
