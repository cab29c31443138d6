import { describe, expect, it } from "vitest";
import { standaloneNginx } from "./effective.ts";
import { matchLocation } from "./location.ts";
import { matchesPattern } from "./pattern.ts";
import { route } from "./route.ts";

const read = (text: string) => standaloneNginx({ path: "nginx.conf", text });
const outcome = (text: string, path: string, host = "a.example", port = 80) =>
  route(read(`server { ${text} }`), { port, host, path }).outcome;

describe("matchLocation", () => {
  const [server] = read(`server {
    location / { } location = /a { } location /a { } location ^~ /a/b { } location ~ b$ { } location ~* \\.PNG$ { }
    location /app/ { proxy_pass http://x; } location /n/ { location /n/m { } location ~ q { } }
  }`).servers;
  it.each([
    ["/", "/"],
    ["/a", "/a"],
    ["/ab", "b$"],
    ["/a/b", "/a/b"],
    ["/x.png", "\\.PNG$"],
    ["/app/x", "/app/"],
    ["/n/mm", "/n/m"],
    ["/n/q", "q"],
    ["/n/qb", "q"],
    ["/n/b", "b$"],
  ])("%s goes to %s", (path, expected) => {
    const match = matchLocation(server!, path);
    expect(match.kind === "location" && match.location.path.value).toBe(expected);
  });
  it("nginx itself redirects to the slash of a proxied prefix", () => {
    expect(matchLocation(server!, "/app").kind).toBe("redirect");
  });
  it("an expression that cannot be run leaves it open", () => {
    const [open] = read('server { location / { } location ~ "(a+)+$" { } }').servers;
    expect(matchLocation(open!, "/aaa").kind).toBe("unknown");
  });
});

describe("route", () => {
  it.each<[text: string, path: string, expected: object]>([
    [
      "location / { proxy_pass http://web:8000; }",
      "/x/y",
      { kind: "proxy", host: "web", port: 8000, uri: "/x/y" },
    ],
    ["location /api/ { proxy_pass http://web:8000/; }", "/api/y", { kind: "proxy", uri: "/y" }],
    ["location /api { proxy_pass http://web/v1; }", "/api/y", { kind: "proxy", port: 80, uri: "/v1/y" }],
    ["location /h/ { proxy_pass http://web; }", "/h", { kind: "redirect301slash", to: "/h/" }],
    [
      "return 301 https://$host$request_uri;",
      "/",
      { kind: "return", code: 301, to: "https://$host$request_uri" },
    ],
    ["location = /health { return 200 ok; }", "/health", { kind: "return", code: 200, to: "ok" }],
    [
      "root /srv; location / { try_files $uri /index.html; }",
      "/x",
      { kind: "static", root: "/srv", fallback: "/index.html" },
    ],
    [
      "location / { try_files $uri @app; } location @app { proxy_pass http://web:1; }",
      "/x",
      { kind: "proxy", port: 1, uri: "/x" },
    ],
    [
      "location / { try_files $uri /index.php?$args; } location ~ \\.php$ { fastcgi_pass php:9000; }",
      "/x",
      { kind: "proxy", protocol: "fastcgi", host: "php" },
    ],
    [
      "set $up web; location / { proxy_pass http://$up:8000; }",
      "/x",
      { kind: "proxy", host: "web", port: 8000, uri: "/x" },
    ],
    [
      "location / { set $up http://web:8000; proxy_pass $up; }",
      "/x",
      { kind: "proxy", host: "web", port: 8000, uri: "/x" },
    ],
    [
      "location / { set $up web; proxy_pass http://$up:8000$request_uri; }",
      "/x",
      { kind: "proxy", host: "web", uri: "/x" },
    ],
    ["location / { proxy_pass http://$http_host; }", "/x", { kind: "unknown" }],
    ["location / { deny all; proxy_pass http://web; }", "/x", { kind: "return", code: 403 }],
    ["location /s { stub_status; }", "/s", { kind: "return", code: 200 }],
    [
      "rewrite ^/old/(.*)$ /new/$1 last; location /new/ { proxy_pass http://web; }",
      "/old/a",
      { kind: "proxy", uri: "/new/a" },
    ],
    [
      "location /api/ { rewrite ^/api/(.*)$ /$1 break; proxy_pass http://web:1; }",
      "/api/a",
      { kind: "proxy", uri: "/a" },
    ],
    ["rewrite ^ https://$host$uri permanent;", "/a", { kind: "return", code: 301 }],
    ["location / { rewrite ^ / last; }", "/a", { kind: "unknown" }],
    ["if ($host = a.example) { return 301 https://b; } location / { }", "/", { kind: "return", code: 301 }],
    [
      "if ($host = other) { return 301 https://b; } location / { root /r; }",
      "/",
      { kind: "static", root: "/r" },
    ],
    ["if ($scheme != https) { return 308 https://b; }", "/", { kind: "return", code: 308 }],
    ["if ($http_cookie ~ x) { return 403; } location / { }", "/", { kind: "unknown" }],
    ["location / { internal; }", "/", { kind: "return", code: 404 }],
  ])("%s: %s", (text, path, expected) => expect(outcome(text, path)).toMatchObject(expected));

  it("chooses the server by port and name", () => {
    const nginx = read(
      `upstream app { server web:8000; }
       server { server_name x.example; return 201; } server { server_name *.example; return 202; } server { server_name ~^r\\d; return 203; }
       server { listen 80 default_server; return 204; } server { listen 81; location / { proxy_pass http://app; } }`,
    );
    const code = (host: string) =>
      (route(nginx, { port: 80, host, path: "/" }).outcome as { code?: number }).code;
    expect(["x.example", "y.example", "r1", "z"].map(code)).toEqual([201, 202, 203, 204]);
    expect(route(nginx, { port: 81, host: "z", path: "/" }).outcome).toMatchObject({
      host: "app",
      upstream: { servers: [{ host: "web", port: 8000 }] },
    });
    expect(route(nginx, { port: 82, host: "z", path: "/" }).outcome.kind).toBe("unknown");
  });

  it("tells who is let in", () => {
    const { guards } = route(
      read("server { location / { allow 10.0.0.0/8; deny all; auth_basic off; proxy_pass http://x; } }"),
      { port: 80, host: "h", path: "/" },
    );
    expect(guards.map(guard => guard.name.value)).toEqual(["allow", "deny"]);
  });
});

describe("matchesPattern", () => {
  it("refuses what could run for ever or means something else", () => {
    for (const pattern of ["(a+)+$", "(a|b*)*c", "\\Qa\\E", "[[:alpha:]]", "(?>a)", "a++", "("])
      expect(matchesPattern(pattern, "a", false)).toBeUndefined();
    expect(matchesPattern("(?i)\\.(png|JPG)$", "/a.jpg", false)).toBe(true);
    expect(matchesPattern("^/(?P<x>a|b)/", "/c/", false)).toBe(false);
  });
});
