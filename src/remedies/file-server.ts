/** nginx as a server of files: a user without rights, nothing written but below /tmp. */

/** Instructions after FROM: `from` is a directory of the stage `build`, `to` where nginx looks for it. */
export function serverLines(configuration: string, from: string, to: string, port: number): string[] {
  const url = `http://127.0.0.1:${port}/healthz`;
  return [
    `COPY ${configuration} /etc/nginx/nginx.conf`,
    `COPY --from=build ${from} ${to}`,
    "# The image's user for workers; here the master has no more rights than they.",
    "USER nginx",
    `EXPOSE ${port}`,
    "HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \\",
    `    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "${url}"]`,
    "# The official entry point writes into /etc/nginx; this configuration needs nothing of it.",
    'ENTRYPOINT ["nginx", "-g", "daemon off;"]',
  ];
}

/** A whole nginx.conf around the locations of one server. */
function fileServer(port: number, locations: string): string {
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
        listen ${port};
        root /usr/share/nginx/html;
        index index.html;

        location = /healthz {
            access_log off;
            return 200 "ok\\n";
        }

${locations}    }
}
`;
}

/** For a single-page application: hashed files are cached for good, pages are not. */
export function pagesConfiguration(port: number, hashed: string): string {
  return fileServer(
    port,
    `        # The names of these files change with their content.
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
`,
  );
}

/** For files below one path, whose names stay when they change, and for what visitors have sent below another. */
export function filesConfiguration(port: number, path: string, uploads?: string): string {
  return fileServer(
    port,
    `        location ${path} {
            add_header Cache-Control "public, max-age=3600";
            add_header X-Content-Type-Options nosniff always;
            try_files $uri =404;
        }

${uploads === undefined ? "" : uploaded(uploads)}        location / {
            return 404;
        }
`,
  );
}

function uploaded(path: string): string {
  return `        # What visitors have sent is shown and never run: a page among it gets no scripts and no cookies.
        location ${path} {
            add_header Content-Security-Policy "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'" always;
            add_header X-Content-Type-Options nosniff always;
            try_files $uri =404;
        }

`;
}
