import { expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { requestsOf } from "./requests.ts";

const kept = { ignored: false, untracked: false, directory: false };
const files: Readonly<Record<string, string>> = {
  "compose.yml": `
services:
  door:
    image: nginx:1.28
    ports: ["80:80", "443:443"]
    environment: { SITE_DOMAIN: "\${SITE_DOMAIN:?}" }
    volumes: ["./templates:/etc/nginx/templates:ro"]
    healthcheck: { test: ["CMD", "curl", "-f", "http://127.0.0.1/alive"] }
`,
  "templates/default.conf.template": `
server { listen 80; server_name _; location = /alive { return 200; } location / { return 301 https://$host$request_uri; } }
server { listen 443 ssl; server_name \${SITE_DOMAIN}; location / { root /srv; } }
`,
};

it("asks a proxy by the name that its template gets in the clone, which is not an address", async () => {
  const stack = await link(pageFiles(Object.entries(files).map(([path, text]) => ({ path, text, ...kept }))));
  const clone = { services: { door: { environment: { SITE_DOMAIN: "shop.example" } } } };
  expect(requestsOf(stack, stack.projects[0]!, "door", clone)).toEqual([
    { port: 80, path: "/alive", tls: false, headers: { host: "127.0.0.1" } },
    { port: 80, path: "/", tls: false, headers: { host: "shop.example" } },
    { port: 443, path: "/", tls: true, headers: { host: "shop.example" } },
  ]);
});
