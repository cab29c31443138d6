import { describe, expect, it } from "vitest";
import { nginx } from "./nginx.ts";

const parse = (text: string) => nginx.parse({ path: "nginx.conf", text });

describe("nginx files", () => {
  it.each([
    "nginx.conf",
    "deploy/nginx.test.conf",
    "nginx/sites/shop.conf",
    "proxy/conf.d/shop.conf",
    "default.conf",
    "web/default.conf.template",
    "nginx/templates/shop.conf.template",
    "sites-available/shop",
    "nginx.conf.example",
  ])("recognises %s", path => expect(nginx.recognises(path)).toBe(true));

  it.each([
    "redis.conf",
    "src/app.config.ts",
    "nginx/Dockerfile",
    "nginx/readme.md",
    "conf/postgresql.conf",
    "sites-map.ts",
  ])("leaves %s alone", path => expect(nginx.recognises(path)).toBe(false));

  it("takes a configuration of another program for nothing", () => {
    const { model, problems } = parse('[supervisord]\nnodaemon=true\n[program:web]\ncommand=gunicorn "app\n');
    expect(model.tree).toEqual([]);
    expect(problems).toEqual([]);
  });

  it("lists servers, listeners, names and locations", () => {
    const { model } = parse(
      `stream { server { listen 5432; } }
       http {
         upstream app { server web:8000; server web2:8001 backup; server unix:/run/x.sock; keepalive 8; }
         limit_req_zone $binary_remote_addr zone=login:10m rate=5r/m;
         map $http_upgrade $connection { default upgrade; }
         include sites/*.conf;
         server {
           listen 80 default_server; listen [::]:443 ssl http2; listen 127.0.0.1:8080; listen unix:/run/n.sock; listen \${PORT};
           server_name a.example *.b.example;
           location = /health { return 200; }
           location /api/ { proxy_pass http://app/v1/; location ~ \\.png$ { } }
           location @late { proxy_pass https://$backend:8443; }
           location ~\\.php$ { fastcgi_pass php:9000; }
         }
         server { location / { proxy_pass http://solo; } }
       }`,
    );
    const [first, second] = model.servers;
    expect(model.servers).toHaveLength(2);
    expect(first?.listens.map(({ port, ssl, default: main, address }) => [port, ssl, main, address])).toEqual(
      [
        [80, false, true, undefined],
        [443, true, false, "[::]"],
        [8080, false, false, "127.0.0.1"],
        [undefined, false, false, "unix:/run/n.sock"],
        [undefined, false, false, "${PORT}"],
      ],
    );
    expect(first?.names.map(name => name.value)).toEqual(["a.example", "*.b.example"]);
    expect(
      first?.locations.map(({ modifier, path, nested }) => [modifier, path.value, nested.length]),
    ).toEqual([
      ["=", "/health", 0],
      ["", "/api/", 1],
      ["@", "late", 0],
      ["~", "\\.php$", 0],
    ]);
    const passes = first?.locations.map(
      ({ proxyPass }) => proxyPass && { ...proxyPass, url: proxyPass.url.value },
    );
    expect(passes).toEqual([
      undefined,
      {
        url: "http://app/v1/",
        protocol: "http",
        scheme: "http",
        host: "app",
        path: "/v1/",
        isVariable: false,
        upstream: "app",
      },
      { url: "https://$backend:8443", protocol: "http", scheme: "https", port: 8443, isVariable: true },
      { url: "php:9000", protocol: "fastcgi", scheme: "fastcgi", host: "php", port: 9000, isVariable: false },
    ]);
    expect(second?.listens[0]?.port).toBe(80);
    expect(second?.locations[0]?.proxyPass).toMatchObject({ host: "solo", port: 80 });
    expect(model.upstreams[0]?.servers.map(({ host, port, parameters }) => [host, port, parameters])).toEqual(
      [
        ["web", 8000, []],
        ["web2", 8001, ["backup"]],
        ["unix:/run/x.sock", undefined, []],
      ],
    );
    expect(model.limitZones[0]).toMatchObject({ kind: "req", name: { value: "login" }, rate: "5r/m" });
    expect(model.maps[0]).toMatchObject({ source: "$http_upgrade", variable: { value: "$connection" } });
    expect(model.includes.map(include => include.value)).toEqual(["sites/*.conf"]);
  });
});
