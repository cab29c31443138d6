import { describe, expect, it } from "vitest";
import type { KnownRequest, Lab } from "../../core/drill.ts";
import type { HttpRequest } from "../../core/engine.ts";
import { doorsOf, good, reachesApps, tryAt } from "./reach.ts";

const at = (port: number, path: string, status: number): KnownRequest => ({
  ...{ port, path, tls: port === 443, headers: { host: "shop.example" }, status },
});

/** A proxy that leads from 80 to TLS, serves /about itself, and hands the rest of 443 on to `web`. */
function labOf() {
  const frozen = new Set<string>();
  const journal: string[] = [];
  const answer = ({ port, path }: HttpRequest) => {
    if (path === "/alive") return { status: 200 };
    if (port === 80) return { status: 301, headers: { location: `https://shop.example${path}` } };
    if (path === "/about") return { status: 200 };
    return frozen.has("web") ? { error: "timeout" } : { status: 200 };
  };
  const engine = {
    freeze: async ({ id }: { readonly id: string }, on: boolean) => {
      if (on) frozen.add(id);
      else frozen.delete(id);
    },
    http: async (_: unknown, request: HttpRequest) => ({ headers: {}, body: "", ms: 1, ...answer(request) }),
  };
  const lab = {
    engine,
    containers: async (service: string) => [{ id: service, service, state: "running" }],
    requests: () => [at(80, "/alive", 200), at(80, "/", 301), at(443, "/", 200)],
    serves: async (service: string) => void journal.push(`${service}, ${frozen.size} frozen`),
  };
  return { lab: lab as unknown as Lab, frozen, journal };
}

describe("a front door that leads to TLS", () => {
  it("is asked where visitors end up, before where its own health is asked", () => {
    expect(doorsOf(labOf().lab, "door").map(({ port }) => port)).toEqual([443, 80]);
  });

  it("answers less well where it only leads to TLS", async () => {
    const { lab } = labOf();
    const [door] = await lab.containers("door");
    expect(await tryAt(lab, door!, at(443, "/cart", 200))).toMatchObject({ rank: good });
    expect((await tryAt(lab, door!, at(80, "/cart", 200))).rank).toBeGreaterThan(good);
  });
});

describe("requests reach the applications", () => {
  it("when some of them are missed while those are frozen", async () => {
    const { lab, frozen, journal } = labOf();
    expect(await reachesApps(lab, "door", ["web"], [at(443, "/about", 200), at(443, "/", 200)])).toBe(true);
    expect(frozen.size).toBe(0);
    expect(journal).toEqual(["web, 0 frozen"]);
  });

  it("not when the proxy answers all of them by itself", async () => {
    const { lab } = labOf();
    expect(await reachesApps(lab, "door", ["web"], [at(443, "/about", 200)])).toBe(false);
    expect(await reachesApps(lab, "door", ["web"], [at(80, "/", 301)])).toBe(false);
  });

  it("where the application is the front door", async () => {
    expect(await reachesApps(labOf().lab, "web", ["web"], [])).toBe(true);
  });
});
