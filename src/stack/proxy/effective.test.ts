import { describe, expect, it } from "vitest";
import {
  allLocations,
  effectiveNginx,
  limitZones,
  listenPorts,
  renderTemplate,
  standaloneNginx,
  tlsServers,
} from "./effective.ts";
import { effectiveDirective, headersAt, proxyHeadersAt } from "./inherit.ts";

/** A container whose files are all known, by container path. */
function container(files: Record<string, string>, environment: Record<string, string> = {}) {
  return {
    containerPath: "/etc/nginx/nginx.conf",
    read: (path: string) => {
      const text = files[path];
      const file = `repo${path}`;
      return text === undefined ? undefined : { source: { path: file, text }, file };
    },
    glob: (pattern: string) => {
      const [before = "", after = ""] = pattern.split("*");
      return Object.keys(files).filter(path => path.startsWith(before) && path.endsWith(after));
    },
    knows: () => true,
    environment: (name: string) => environment[name],
  };
}

describe("effectiveNginx", () => {
  it("joins files, and sees headers that a mounted file drops", () => {
    const nginx = effectiveNginx(
      container({
        "/etc/nginx/nginx.conf":
          "http { add_header X-Frame-Options DENY; proxy_set_header Host $host; include mime.types; include /etc/nginx/conf.d/*.conf; }",
        "/etc/nginx/conf.d/shop.conf":
          "server { listen 443 ssl; add_header X-A a always; location / { proxy_pass http://app; } location /x { add_header X-B b; proxy_set_header X-Y z; } }",
        "/etc/nginx/conf.d/up.conf": "upstream app { server web:80; }",
      }),
    );
    expect(nginx.gaps).toEqual([]);
    expect(nginx.files).toHaveLength(3);
    expect(nginx.upstreams.map(upstream => upstream.name.value)).toEqual(["app"]);
    expect(listenPorts(nginx)).toEqual([443]);
    expect(tlsServers(nginx)).toHaveLength(1);
    const [server] = nginx.servers;
    const [root, inner] = allLocations(server!);
    expect(headersAt(root!)).toMatchObject({
      headers: [{ name: "X-A", always: true }],
      lost: [{ name: "X-Frame-Options" }],
    });
    expect(headersAt(root!).lost[0]?.at.file).toBe("repo/etc/nginx/nginx.conf");
    expect(headersAt(inner!)).toMatchObject({ headers: [{ name: "X-B" }], lost: [{ name: "X-A" }] });
    expect(proxyHeadersAt(root!).get("host")).toBe("$host");
    expect(proxyHeadersAt(inner!).get("host")).toBe("$proxy_host");
    expect(proxyHeadersAt(inner!).lost.map(header => header.name)).toEqual(["Host"]);
  });

  it("knows the main file of the official image", () => {
    const nginx = effectiveNginx(container({ "/etc/nginx/conf.d/default.conf": "server { listen 8080; }" }));
    expect(listenPorts(nginx)).toEqual([8080]);
    expect(nginx.servers[0]?.scope.parent?.kind).toBe("http");
  });

  it("renders templates as the image's entry point does, with places in the template", () => {
    const text = "server { listen ${PORT}; location / { proxy_pass http://${APP}:80$request_uri; } }";
    const nginx = effectiveNginx(
      container({ "/etc/nginx/templates/a.conf.template": text }, { PORT: "8081" }),
    );
    expect(listenPorts(nginx)).toEqual([8081]);
    const [listen] = nginx.servers[0]!.listens;
    expect(listen?.at.file).toBe("repo/etc/nginx/templates/a.conf.template");
    expect(text.slice(listen?.at.span.start, listen?.at.span.end)).toBe("listen ${PORT};");
    expect(nginx.servers[0]!.locations[0]?.proxyPass?.url.value).toBe("http://${APP}:80$request_uri");
  });

  it("says what it cannot follow, and survives loops", () => {
    const looping = effectiveNginx(
      container({
        "/etc/nginx/nginx.conf": "http { include a.conf; include none.conf; include fastcgi_params; }",
        "/etc/nginx/a.conf": "include a.conf; include nginx.conf; server { }",
      }),
    );
    expect(looping.gaps.map(gap => [gap.about, gap.why])).toEqual([
      ['nginx include "a.conf"', "it includes itself"],
      ['nginx include "nginx.conf"', "it includes itself"],
      ['nginx include "none.conf"', "there is no such file in the container"],
    ]);
    expect(looping.servers).toHaveLength(1);
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`/etc/nginx/conf.d/${i}.conf`, "include conf.d/*.conf;"]),
    );
    expect(effectiveNginx(container(many)).files.length).toBeLessThanOrEqual(300);
  });

  it("a file on its own takes bare servers for HTTP and includes for gaps", () => {
    const nginx = standaloneNginx({
      path: "shop.conf",
      text: "include snippets/*.conf; include mime.types;\nserver { listen 81; }",
    });
    expect(listenPorts(nginx)).toEqual([81]);
    expect(nginx.gaps.map(gap => gap.about)).toEqual(['nginx include "snippets/*.conf"']);
  });

  it("finds rate-limit zones that nobody uses", () => {
    const nginx = standaloneNginx({
      path: "nginx.conf",
      text: "http { limit_req_zone $a zone=api:1m rate=1r/s; limit_req_zone $a zone=login:1m rate=1r/s; server { location / { limit_req zone=api burst=2; } } }",
    });
    expect(limitZones(nginx).unused.map(zone => zone.name.value)).toEqual(["login"]);
  });

  it("inherits directives, except those that only act in place", () => {
    const { servers } = standaloneNginx({
      path: "nginx.conf",
      text: "http { client_max_body_size 1m; server { client_max_body_size 5m; return 301 /x; location / { } } }",
    });
    const [location] = servers[0]!.locations;
    expect(effectiveDirective(location!, "client_max_body_size")?.args[0]?.value).toBe("5m");
    expect(effectiveDirective(location!, "return")).toBeUndefined();
  });

  it("merges headers where nginx is told to", () => {
    const { servers } = standaloneNginx({
      path: "nginx.conf",
      text: "http { add_header_inherit merge; add_header A a; server { add_header B b; } }",
    });
    expect(headersAt(servers[0]!).headers.map(header => header.name)).toEqual(["B", "A"]);
  });
});

describe("renderTemplate", () => {
  it("replaces only what is set", () => {
    const { text } = renderTemplate({ path: "t", text: "$HOST ${PORT} $host" }, name =>
      name === "PORT" ? "80" : undefined,
    );
    expect(text).toBe("$HOST 80 $host");
  });
});
