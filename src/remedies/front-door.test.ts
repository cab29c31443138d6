import { describe, expect, it } from "vitest";
import { isKept } from "../core/rule.ts";
import { pageFiles } from "../pages/page-files.ts";
import { rules } from "../rules/registry.generated.ts";
import { link } from "../stack/link.ts";
import { route } from "../stack/proxy/route.ts";
import { type FrontDoorInput, frontDoor } from "./front-door.ts";

const input: FrontDoorInput = {
  folder: "front-door",
  routes: [
    { path: "/", service: "web", port: 3000 },
    { path: "/_next/static/", service: "web", port: 3000, hashed: true },
    { path: "/api/", service: "api", port: 8000 },
    { path: "/api/live/", service: "api", port: 8000, sockets: true },
    { path: "/api/login/", exact: true, service: "api", port: 8000, login: true },
  ],
  bodyBytes: 25 * 1024 ** 2,
};

const app = (name: string) => `  ${name}:
    image: ghcr.io/example/${name}:1.4.2
    restart: unless-stopped
    security_opt: ["no-new-privileges:true"]
    logging: { driver: json-file, options: { max-size: 10m, max-file: "5" } }
    deploy: { resources: { limits: { cpus: "1", memory: 512M, pids: 128 } } }
`;

/** The files of a project that has this front door, and nothing else worth a word. */
function project(from: FrontDoorInput): Record<string, string> {
  const door = frontDoor(from);
  const services = door.services.map(lines => lines.map(line => `  ${line}\n`).join("")).join("");
  const volumes = door.volumes.map(name => `  ${name}:\n`).join("");
  return {
    "compose.yml": `name: quay\nservices:\n${app("web")}${app("api")}${services}volumes:\n${volumes}`,
    ".env.example": door.variables.map(each => `# ${each.says}\n${each.name}=${each.example}\n`).join(""),
    ...Object.fromEntries(door.files.map(({ path, text }) => [path, text])),
  };
}

async function linked(files: Record<string, string>) {
  const list = Object.entries(files).map(([path, text]) => ({
    path,
    text,
    ignored: false,
    untracked: false,
    directory: false,
  }));
  return link(pageFiles(list), { now: new Date("2026-11-21T12:00:00Z") });
}

describe("the front door", () => {
  it("is a configuration without problems or unseen parts", async () => {
    const { proxies, problems, gaps } = await linked(project(input));
    expect(problems).toEqual([]);
    expect(gaps.filter(({ about }) => about.includes("nginx"))).toEqual([]);
    expect(proxies).toHaveLength(1);
    expect(proxies[0]!.effective.problems).toEqual([]);
    expect(proxies[0]!.effective.servers).toHaveLength(3);
  });

  it("breaks no promise of a proxy, of access or of anything else but what the two programs behind it lack", async () => {
    const stack = await linked(project(input));
    const found = rules.flatMap(rule =>
      [...rule.check(stack)].flatMap(outcome => (isKept(outcome) ? [] : [`${rule.id}: ${outcome.message}`])),
    );
    expect(found).toEqual([]);
  });

  it.each([
    ["/", "web"],
    ["/_next/static/a.js", "web"],
    ["/api/berths/", "api"],
    ["/api/live/tide/", "api"],
    ["/api/login/", "api"],
  ])("sends %s to %s", async (path, service) => {
    const [proxy] = (await linked(project(input))).proxies;
    const { outcome } = route(proxy!.effective, { port: 443, host: "${SITE_DOMAIN}", path });
    expect(outcome).toMatchObject({ kind: "proxy", host: service });
  });

  it("leaves out what no route needs, and takes ten megabytes where nothing is known", () => {
    const [template] = frontDoor({ folder: "edge", routes: [{ path: "/", service: "web", port: 80 }] }).files;
    expect(template!.path).toBe("edge/templates/default.conf.template");
    expect(template!.text).not.toMatch(/zone=login|asset_cache/);
    expect(template!.text).toContain("client_max_body_size 10m;");
  });
});
