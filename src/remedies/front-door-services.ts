import type { FrontDoorInput } from "./front-door.ts";

/** Lines of the proxy's service. Directories are mounted, not files: a file alone keeps showing its old content. */
export function nginxService(input: FrontDoorInput, name: string): string[] {
  const { folder } = input;
  return [
    `${name}:`,
    "  image: nginx:1.30.5",
    "  restart: unless-stopped",
    '  command: ["/bin/sh", "/opt/front-door/start.sh"]',
    "  environment:",
    "    SITE_DOMAIN: ${SITE_DOMAIN:?}",
    "    # Nothing else of the environment gets into the configuration.",
    "    NGINX_ENVSUBST_FILTER: ^SITE_DOMAIN$$",
    "  # The only door: 80 answers the certificate authority and redirects.",
    '  ports: ["80:80", "443:443"]',
    ...networks(input),
    "  volumes:",
    `    - ./${folder}/entrypoint:/opt/front-door:ro`,
    `    - ./${folder}/templates:/etc/nginx/templates:ro`,
    `    - ./${folder}/snippets:/etc/nginx/snippets:ro`,
    "    - tls:/etc/nginx/tls",
    "    - acme:/var/www/acme:ro",
    "  healthcheck:",
    '    test: ["CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1/nginx-health"]',
    "    interval: 15s",
    "    timeout: 5s",
    "    retries: 3",
    "    start_period: 10s",
    "  # The master binds the ports and starts workers under a user of their own.",
    ...hardening(["CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "SETGID", "SETUID"]),
    "  # Open requests may take as long as nginx waits for an answer.",
    "  stop_grace_period: 65s",
    ...logging,
    '  deploy: { resources: { limits: { cpus: "0.5", memory: 128M, pids: 64 } } }',
  ];
}

/** Lines of the service that gets and renews the certificate. */
export function certbotService(input: FrontDoorInput, name: string, proxy: string): string[] {
  return [
    `${name}:`,
    "  image: certbot/certbot:v5.7.0",
    "  restart: unless-stopped",
    "  init: true",
    '  entrypoint: ["/bin/sh", "/opt/certbot/renew.sh"]',
    "  environment:",
    "    SITE_DOMAIN: ${SITE_DOMAIN:?}",
    "    ACME_EMAIL: ${ACME_EMAIL:?}",
    "    # For a first try: https://acme-staging-v02.api.letsencrypt.org/directory has no limits.",
    "    ACME_SERVER: ${ACME_SERVER:-https://acme-v02.api.letsencrypt.org/directory}",
    ...networks(input),
    "  volumes:",
    `    - ./${input.folder}/certbot:/opt/certbot:ro`,
    "    - letsencrypt:/etc/letsencrypt",
    "    - tls:/tls",
    "    - acme:/var/www/acme",
    "  depends_on:",
    `    ${proxy}: { condition: service_healthy }`,
    "  # Unhealthy when the authority could not be asked for a day: thirty days before that hurts.",
    "  healthcheck:",
    '    test: ["CMD-SHELL", "find /tmp/asked -mmin -1500 | grep -q ."]',
    "    interval: 10m",
    "    timeout: 5s",
    "    retries: 3",
    "    start_period: 2h",
    ...hardening(["CHOWN", "DAC_OVERRIDE", "FOWNER"]),
    ...logging,
    '  deploy: { resources: { limits: { cpus: "0.25", memory: 256M, pids: 32 } } }',
  ];
}

function networks({ networks: names }: FrontDoorInput): string[] {
  return names && names.length > 0 ? [`  networks: [${names.join(", ")}]`] : [];
}

function hardening(capabilities: readonly string[]): string[] {
  return [
    '  security_opt: ["no-new-privileges:true"]',
    "  cap_drop: [ALL]",
    `  cap_add: [${capabilities.join(", ")}]`,
  ];
}

const logging = ["  logging:", "    driver: json-file", '    options: { max-size: 10m, max-file: "5" }'];
