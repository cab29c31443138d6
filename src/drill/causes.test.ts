import { describe, expect, it } from "vitest";
import type { DrillReport } from "../core/drill.ts";
import { causesOf, rootOf, type Troubles } from "./causes.ts";

const model = {
  services: {
    web: { depends_on: { api: { condition: "service_healthy" } } },
    api: { depends_on: { db: { condition: "service_healthy" } } },
    worker: { depends_on: { db: { condition: "service_started" } } },
    db: {},
  },
};

function troubles(how: Partial<Record<"missing" | "bad", Record<string, string>>>): Troubles {
  const map = (pairs: Record<string, string> = {}) => new Map(Object.entries(pairs));
  return { model, missing: map(how.missing), bad: map(how.bad) };
}

function report(subject: string, cause?: string): DrillReport {
  return {
    ...{ drill: "recovery/survives-kill", title: "T", claim: "survives-kill", subject },
    ...{ outcome: "inconclusive" as const, because: "B", ms: 0, journal: [] },
    ...(cause === undefined ? {} : { cause }),
  };
}

describe("where a trouble began", () => {
  it("is the image at the end of what needs what", () => {
    const all = troubles({
      missing: {
        api: "its image does not build: no",
        web: "it needs api, which is not in the lab",
      },
    });
    expect(rootOf("web", all)).toBe("api");
    expect(rootOf("api", all)).toBe("api");
  });

  it("is the service that another was held back for, not one that fails beside it", () => {
    const held = "it has not been started: it waits for api";
    const all = troubles({
      bad: { web: held, api: "it ends again and again", worker: "it is exited", db: "it is unhealthy" },
    });
    expect(rootOf("web", all)).toBe("api");
    expect(rootOf("worker", all)).toBe("worker");
  });

  it("is one for two that fail with the same words", () => {
    const all = troubles({
      bad: { api: "restarted 3 times, saying: no X", worker: "restarted 4 times, saying: no X" },
    });
    expect(rootOf("worker", all)).toBe("api");
    expect(causesOf([report("worker", "api")], all)).toEqual([
      { services: ["api", "worker"], what: "restarted 3 times, saying: no X" },
    ]);
  });

  it("ends where services wait for each other", () => {
    const held = "it has not been started: it waits for the other";
    const ring = { services: { a: { depends_on: { b: {} } }, b: { depends_on: { a: {} } } } };
    const bad = new Map([
      ["a", held],
      ["b", held],
    ]);
    expect(rootOf("a", { model: ring, missing: new Map(), bad })).toMatch(/^[ab]$/);
  });

  it("is told only where a verdict rests upon it", () => {
    const all = troubles({ bad: { api: "down" }, missing: { db: "no drill that was chosen needs it" } });
    expect(causesOf([report("web")], all)).toEqual([]);
    expect(causesOf([report("web", "api"), report("api", "api")], all)).toEqual([
      { services: ["api"], what: "down" },
    ]);
  });
});
