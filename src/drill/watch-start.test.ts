import { describe, expect, it } from "vitest";
import { type ComposeModel, type Container, labLabel } from "../core/engine.ts";
import { type FakeProgram, fakeEngine } from "../engine/fake.ts";
import { watchStart } from "./watch-start.ts";

const labels = { [labLabel]: "a1" };
const project = { lab: "a1", name: "shipworthy-lab-a1", file: "/f" };
const sick: FakeProgram = { healthyAfterMs: Number.POSITIVE_INFINITY };
/** As a check that looks once in a quarter of an hour: the engine itself would say nothing in the time of a drill. */
const probeMs = 900_000;

async function started(
  services: ComposeModel["services"],
  programs: Readonly<Record<string, FakeProgram>>,
  how: {
    readonly idle?: number;
    readonly doubtful?: ReadonlySet<string>;
    readonly held?: readonly string[];
    readonly words?: string;
    /** Health checks look every half minute. */
    readonly often?: boolean;
    /** The part of a processor that a service uses; 0 where it is not here. */
    readonly cpu?: Readonly<Record<string, number>>;
    /** Lines that a service says in these seconds since its start, one each. */
    readonly says?: (second: number) => string;
  } = {},
) {
  const model = { services };
  const engine = fakeEngine({
    models: new Map([["/f", model]]),
    programs,
    probeMs: how.often ? 30_000 : probeMs,
    idle: how.idle ?? 1,
  });
  const sinceMs = engine.now();
  await engine.up(project);
  const secondsOf = (startedAt: string) => (engine.now() - Date.parse(startedAt)) / 1_000;
  const watched = {
    ...engine,
    usage: async ({ service, startedAt }: Container) => ({
      ...{ memoryBytes: 1, pids: 1 },
      cpuMs: (how.cpu?.[service] ?? 0) * secondsOf(startedAt) * 1_000,
    }),
    logs: async (container: Container) =>
      how.says?.(secondsOf(container.startedAt)) ?? engine.logs(container),
    containers: async (lab: string) =>
      (await engine.containers(lab)).map(one =>
        how.held?.includes(one.service) ? { ...one, state: "created" as const } : one,
      ),
  };
  const all = await watchStart(watched, {
    ...{ lab: "a1", model, sinceMs, limitMs: 240_000, longestMs: 600_000, ended: () => how.words },
    ...(how.doubtful ? { doubtful: how.doubtful } : {}),
  });
  const seconds = (engine.now() - sinceMs) / 1_000;
  return { seconds, by: Object.fromEntries(all.map(one => [one.service, one])) };
}

const checked = (start_period = "0s") => ({
  ...{ image: "x", labels, restart: "always" },
  healthcheck: { test: ["CMD", "probe"], start_period },
});

describe("a service that does not become healthy", () => {
  it("is given up a minute after its own start period, where nothing waits for it", async () => {
    const { seconds, by } = await started({ backup: checked("30s"), web: checked() }, { backup: sick });
    expect(by["web"]).toMatchObject({ ok: true });
    expect(by["backup"]).toMatchObject({ ok: false });
    expect(by["backup"]!.saw).toMatch(/^9\d s after its start its health check ends with 1/);
    expect(seconds).toBeLessThan(100);
  });

  it("is waited for as long as its start period lasts", async () => {
    const { by } = await started({ slow: checked("120s") }, { slow: { healthyAfterMs: 110_000 } });
    expect(by["slow"]).toMatchObject({ ok: true });
  });

  it("is waited for to the end where another waits for it", async () => {
    const web = { ...checked(), depends_on: { backup: { condition: "service_healthy" } } };
    const { seconds } = await started({ backup: checked(), web }, { backup: sick }, { held: ["web"] });
    expect(seconds).toBeGreaterThanOrEqual(240);
  });

  it("stands when it runs within a start period that is longer than a drill, with what it says", async () => {
    const backup = { ...sick, says: ["database shop has no table"] };
    const services = { backup: checked("900s"), web: checked() };
    const { seconds, by } = await started(services, { backup }, { often: true });
    expect(by["web"]).toMatchObject({ ok: true });
    expect(by["web"]).not.toHaveProperty("early");
    expect(by["backup"]).toMatchObject({ ok: true, early: true });
    expect(by["backup"]!.saw).toMatch(/^it runs; its health check ends with 1.* 15 min .*has no table$/s);
    expect(seconds).toBeGreaterThan(120);
    expect(seconds).toBeLessThan(130);
  });

  it("stands so at the end, too, where another is still waited for", async () => {
    const web = { ...checked(), depends_on: { backup: { condition: "service_healthy" } } };
    const how = { often: true, held: ["web"] };
    const { by } = await started({ backup: checked("900s"), web }, { backup: sick }, how);
    expect(by["backup"]).toMatchObject({ ok: true, early: true });
    expect(by["web"]).toMatchObject({ ok: false });
  });

  it("is not waited for again", async () => {
    const doubtful = new Set(["backup"]);
    const { seconds } = await started({ backup: checked("120s") }, { backup: sick }, { doubtful });
    expect(seconds).toBeLessThan(20);
  });
});

describe("a service that no health check speaks for", () => {
  const bare = { image: "x", labels, restart: "no" };
  const late: FakeProgram = { endsAfterMs: 7_000, exitCode: 1 };

  it("has to stay up for longer than a program takes that cannot start", async () => {
    const { by } = await started({ worker: bare }, { worker: late });
    expect(by["worker"]!.saw).toMatch(/^it is exited with code 1/);
  });

  it("has to stay up for longer where the processors have no time", async () => {
    const slow = { ...late, endsAfterMs: 20_000 };
    expect((await started({ worker: bare }, { worker: slow }, { idle: 0.02 })).by["worker"]!.ok).toBe(false);
    expect((await started({ worker: bare }, {}, { idle: 0.02 })).seconds).toBeGreaterThan(20);
    expect((await started({ worker: bare }, {})).seconds).toBeLessThan(12);
  });
});

describe("a job that is not over after four minutes", () => {
  const migrate = { image: "x", labels, restart: "no" };
  const web = { ...checked(), depends_on: { migrate: { condition: "service_completed_successfully" } } };
  const nginx = { ...checked(), depends_on: { web: { condition: "service_healthy" } } };
  const services = { migrate, web, nginx };
  const how = { held: ["web", "nginx"] };

  it("is waited for while it uses a processor", async () => {
    const program = { migrate: { endsAfterMs: 400_000 } };
    const { by, seconds } = await started({ migrate, web }, program, { ...how, cpu: { migrate: 0.4 } });
    expect(by["migrate"]).toMatchObject({ ok: true });
    expect(seconds).toBeGreaterThan(400);
  });

  it("is at work when the drill gives up, and so is what waits for it", async () => {
    const { by, seconds } = await started(services, {}, { ...how, cpu: { migrate: 0.4 } });
    expect(by["migrate"]).toMatchObject({ ok: false, atWork: true });
    expect(by["migrate"]!.saw).toMatch(/^after 600 s it runs, and is still at work$/);
    for (const name of ["web", "nginx"])
      expect(by[name]).toMatchObject({
        ...{ ok: false, atWork: true },
        saw: expect.stringMatching(/: it waits for migrate, which is still at work$/),
      });
    expect(seconds).toBeLessThan(605);
  });

  it("is at work while it says something new", async () => {
    const step = (second: number) => `applying ${"abcdefghijklmnopqrstuvwxyz"[Math.floor(second / 30)]}`;
    const { by } = await started(services, {}, { ...how, says: step });
    expect(by["migrate"]).toMatchObject({ atWork: true });
  });

  it("hangs where it says the same again and again, and wakes up only for that", async () => {
    const waits = (second: number) => `attempt ${Math.floor(second)}: the database does not answer`;
    const { by, seconds } = await started(services, {}, { ...how, says: waits, cpu: { migrate: 0.02 } });
    for (const name of ["migrate", "web", "nginx"]) expect(by[name]).not.toHaveProperty("atWork");
    expect(seconds).toBeLessThan(245);
  });
});

describe("a program that is late where the processors have no time", () => {
  const slow = { healthyAfterMs: 300_000 };
  const how = { often: true, cpu: { web: 0.2 } };

  it("is waited for beyond its own limit while it is at work", async () => {
    const { by } = await started({ web: checked("30s") }, { web: slow }, { ...how, idle: 0.02 });
    expect(by["web"]).toMatchObject({ ok: true });
  });

  it("is at work when the drill gives up", async () => {
    const { by } = await started({ web: checked("30s") }, { web: sick }, { ...how, idle: 0.02 });
    expect(by["web"]).toMatchObject({ ok: false, atWork: true });
  });

  it("is given up where it does nothing, and where the processors have time", async () => {
    for (const other of [
      { ...how, cpu: {}, idle: 0.02 },
      { ...how, idle: 1 },
    ]) {
      const { by, seconds } = await started({ web: checked("30s") }, { web: sick }, other);
      expect(by["web"]).toMatchObject({ ok: false });
      expect(by["web"]).not.toHaveProperty("atWork");
      expect(seconds).toBeLessThan(160);
    }
  });
});

describe("a service that Compose holds back", () => {
  const web = { ...checked(), depends_on: { api: { condition: "service_healthy" } } };
  const ends: FakeProgram = { endsAfterMs: 100, exitCode: 1, says: ["no module"] };

  it("is known not to start as soon as the other does not stand", async () => {
    const { seconds, by } = await started({ api: checked(), web }, { api: ends }, { held: ["web"] });
    expect(by["api"]!.saw).toMatch(/^it ends again and again.*no module/s);
    expect(by["web"]).toMatchObject({ ok: false, saw: "it has not been started: it waits for api" });
    expect(seconds).toBeLessThan(60);
  });

  it("is not taken for lost where Compose would start it all the same", async () => {
    const patient = { ...web, depends_on: { api: { condition: "service_started" } } };
    const { seconds } = await started({ api: checked(), web: patient }, { api: ends }, { held: ["web"] });
    expect(seconds).toBeGreaterThanOrEqual(240);
  });

  it("is known not to start when Compose has given up", async () => {
    const words = "port is already allocated";
    const { by } = await started({ web: checked() }, {}, { held: ["web"], words });
    expect(by["web"]).toMatchObject({ ok: false, saw: `it has not been started: ${words}` });
  });
});
