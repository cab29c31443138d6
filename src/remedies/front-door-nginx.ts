import type { FrontDoorInput, FrontDoorRoute } from "./front-door.ts";
import type { NewFile } from "./new-file.ts";

/** The nginx side of a front door: a template of the image's entry point and two snippets. */
export function frontDoorNginx(input: FrontDoorInput): NewFile[] {
  return [
    { path: "templates/default.conf.template", text: template(input) },
    { path: "snippets/proxy.conf", text: proxy },
    { path: "snippets/headers.conf", text: headers(input) },
  ];
}

function template(input: FrontDoorInput): string {
  const { routes } = input;
  const uses = (key: "hashed" | "login") => routes.some(route => route[key]);
  return `# The image's entry point fills in the site's name and includes this inside http { }.
server_tokens off;
client_max_body_size ${sizeOf(input.bodyBytes ?? 10 * 1024 ** 2)};
client_header_timeout 15s;
client_body_timeout 30s;
proxy_connect_timeout 2s;
proxy_read_timeout 60s;

# Per address of the visitor. Pages load many things at once, so short bursts are let through.
limit_req_zone $binary_remote_addr zone=pages:10m rate=20r/s;
${uses("login") ? "limit_req_zone $binary_remote_addr zone=login:10m rate=6r/m;\n" : ""}limit_req_status 429;

# Docker's own name server. Names are looked up while serving and not once at start: a container that was
# replaced is found at its new address, and nginx also starts when one is absent.
resolver 127.0.0.11 valid=1s ipv6=off;
resolver_timeout 3s;

# A WebSocket asks for an upgrade; other requests must not carry the header on.
map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      '';
}

# What the application says itself is left as it is; an empty text sends no second header.
${filled(input)
  .map(({ variable, source, value }) => map(source, variable, value))
  .join("\n")}
${uses("hashed") ? `${map("$upstream_http_cache_control", "$asset_cache", "public, max-age=31536000, immutable")}\n` : ""}
gzip on;
gzip_vary on;
gzip_proxied any;
gzip_min_length 1024;
gzip_types application/javascript application/json application/manifest+json application/xml image/svg+xml text/css text/javascript text/plain;

# \`current\` is a link that always points at a whole pair: the placeholder of the first start (entrypoint/start.sh), then
# what certbot got (certbot/renew.sh).
ssl_certificate     /etc/nginx/tls/current/fullchain.pem;
ssl_certificate_key /etc/nginx/tls/current/privkey.pem;
ssl_protocols TLSv1.2 TLSv1.3;
# ECDSA first: that is the key certbot makes.
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
ssl_session_cache shared:tls:10m;
ssl_session_timeout 1d;
ssl_session_tickets off;

# The path without its query: links carry tokens there, and logs are read by many.
log_format front escape=json '{"time":"$time_iso8601","client":"$remote_addr","host":"$host","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,'
    '"upstream":"$upstream_addr","upstream_seconds":"$upstream_response_time","id":"$request_id","agent":"$http_user_agent"}';

server {
    listen 80 default_server;
    server_name _;
    access_log /var/log/nginx/access.log front;

    # The container's probe: nginx answers by itself, whatever is behind it.
    location = /nginx-health {
        access_log off;
        default_type text/plain;
        return 200 "ok\\n";
    }

    # The certificate authority fetches its challenge here, before there is any certificate.
    location /.well-known/acme-challenge/ {
        root /var/www/acme;
    }

    location / {
        return 301 https://$host$request_uri;
    }
}

# A name that is not ours gets no answer, so no foreign Host reaches the application.
server {
    listen 443 ssl default_server;
    server_name _;
    ssl_reject_handshake on;
    return 444;
}

server {
    listen 443 ssl;
    server_name \${SITE_DOMAIN};
    access_log /var/log/nginx/access.log front;
    include /etc/nginx/snippets/headers.conf;

${upstreams(routes)
  .map(({ variable, service, port }) => `    set ${variable} http://${service}:${port};`)
  .join("\n")}

${routes.map(location).join("\n")}}
`;
}

function map(source: string, variable: string, value: string): string {
  return `map ${source} ${variable} {
    default '';
    ''      "${value}";
}`;
}

/** One variable per service and port. */
function upstreams(routes: readonly FrontDoorRoute[]) {
  const all = routes.map(route => ({
    variable: variableOf(route),
    service: route.service,
    port: route.port,
  }));
  return [...new Map(all.map(each => [each.variable, each])).values()];
}

function variableOf({ service, port }: FrontDoorRoute): string {
  return `$to_${service.replace(/\W/g, "_")}_${port}`;
}

function location(route: FrontDoorRoute): string {
  const limit = route.login
    ? "limit_req zone=login burst=5 nodelay;"
    : route.hashed
      ? undefined
      : "limit_req zone=pages burst=60 nodelay;";
  const lines = [
    ...(limit ? [limit] : []),
    ...(route.sockets
      ? ["# A socket may be silent for a while.", "proxy_read_timeout 1h;", "proxy_send_timeout 1h;"]
      : []),
    ...(route.hashed
      ? [
          "# A header of its own replaces those of the server, so they are said again.",
          "include /etc/nginx/snippets/headers.conf;",
          "add_header Cache-Control $asset_cache;",
        ]
      : []),
    "include /etc/nginx/snippets/proxy.conf;",
    `proxy_pass ${variableOf(route)};`,
  ];
  return `    location ${route.exact ? "= " : ""}${route.path} {
${lines.map(line => `        ${line}`).join("\n")}
    }
`;
}

/** Security headers that are sent where the application sends none. */
function filled({ contentSecurityPolicy }: FrontDoorInput) {
  const wanted: [string, string][] = [
    ["Strict-Transport-Security", "max-age=31536000"],
    ["X-Content-Type-Options", "nosniff"],
    ["X-Frame-Options", "SAMEORIGIN"],
    ["Referrer-Policy", "strict-origin-when-cross-origin"],
    ...(contentSecurityPolicy === undefined
      ? []
      : [["Content-Security-Policy", contentSecurityPolicy] as [string, string]]),
  ];
  return wanted.map(([name, value]) => {
    const word = name.toLowerCase().replaceAll("-", "_");
    return { name, value, source: `$upstream_http_${word}`, variable: `$fill_${word}` };
  });
}

function headers(input: FrontDoorInput): string {
  const lines = filled(input).map(({ name, variable }) => `add_header ${name} ${variable} always;`);
  return `# Included on every level that has an add_header of its own: nginx inherits all of them or none.
${lines.join("\n")}
`;
}

const proxy = `# Every proxied location includes this file: one proxy_set_header of its own would drop those of outer levels.
proxy_http_version 1.1;
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
# nginx is the first hop: what the client claims to have come through is not passed on.
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Request-ID $request_id;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
`;

/** Bytes as nginx writes them: \`10m\`, \`512k\`. */
function sizeOf(bytes: number): string {
  const mega = 1024 ** 2;
  return bytes % mega === 0 ? `${bytes / mega}m` : `${Math.ceil(bytes / 1024)}k`;
}
