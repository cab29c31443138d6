import { describe, expect, it } from "vitest";
import { answers, onFake } from "../../test/on-fake.ts";
import { type Drill, NotSeen } from "../core/drill.ts";
import { type FakeProgram, fakeEngine } from "../engine/fake.ts";
import { runDrills } from "./drill.ts";
import { openLab } from "./lab.ts";

describe("drills on the engine in memory", () => {
  it("proves a start, and refutes one that never becomes healthy", async () => {
    const [good] = Object.values(await onFake("boots-healthy", {}));
    expect(good).toMatchObject({ outcome: "proved" });
    const [bad] = Object.values(await onFake("boots-healthy", { program: { healthyAfterMs: Infinity } }));
    expect(bad).toMatchObject({ outcome: "refuted" });
    expect(bad!.because).toMatch(/web: \d+ s after its start its health check ends with 1/);
  });

  it("refutes a program that ends again and again", async () => {
    const [report] = Object.values(
      await onFake("boots-healthy", { program: { endsAfterMs: 100, exitCode: 1 } }),
    );
    expect(report).toMatchObject({ outcome: "refuted" });
    expect(report!.because).toMatch(/web: it ends again and again, restarted \d+ times/);
  });

  it("proves a restart policy, and refutes that there is none", async () => {
    expect(await onFake("survives-kill", {})).toMatchObject({
      web: { outcome: "proved" },
      db: { outcome: "proved" },
    });
    const { web, db } = await onFake("survives-kill", { web: { restart: "no" } });
    expect(web).toMatchObject({ outcome: "refuted" });
    expect(web!.because).toContain("it has no restart policy");
    // The lab was brought back to order in between.
    expect(db).toMatchObject({ outcome: "proved" });
  });

  it("refutes a program that ignores the stop signal", async () => {
    expect((await onFake("stops-gracefully", {}))["web"]).toMatchObject({ outcome: "proved" });
    const { web } = await onFake("stops-gracefully", { program: { ...answers, stopsAfterMs: 60_000 } });
    expect(web).toMatchObject({ outcome: "refuted" });
    expect(web!.because).toContain("did not react to the stop signal");
  });

  it("refutes a program that does not recover from the loss of its store", async () => {
    const recovers: FakeProgram = {
      ...answers,
      http: (_, world) => ({ status: world.runs("db") ? 200 : 503 }),
    };
    expect((await onFake("survives-dependency-loss", { program: recovers }))["db"]).toMatchObject({
      outcome: "proved",
    });
    let lost = false;
    const gives: FakeProgram = {
      ...answers,
      http: (_, world) => {
        lost ||= !world.runs("db");
        return { status: lost ? 503 : 200 };
      },
    };
    const { db } = await onFake("survives-dependency-loss", { program: gives });
    expect(db).toMatchObject({ outcome: "refuted" });
    expect(db!.because).toContain("GET / on 8000 answers 503");
  });

  it("decides nothing by a page that only leads on, unless it felt the loss", async () => {
    const leads: FakeProgram = { ...answers, http: () => ({ status: 302 }) };
    const web = { healthcheck: undefined };
    const { db } = await onFake("survives-dependency-loss", { web, program: leads });
    expect(db).toMatchObject({ outcome: "inconclusive" });
    expect(db!.because).toContain("web was asked for nothing that needs db");
    const asks: FakeProgram = {
      ...answers,
      http: (_, world) => ({ status: world.runs("db") ? 302 : 503 }),
    };
    expect((await onFake("survives-dependency-loss", { web, program: asks }))["db"]).toMatchObject({
      outcome: "proved",
    });
  });

  it("decides nothing about a service that is not there, or does not serve before", async () => {
    const { web } = await onFake("survives-kill", {
      missing: new Map([["web", "its image does not build"]]),
    });
    expect(web).toMatchObject({ outcome: "inconclusive" });
    expect(web).toMatchObject({ because: "web is not in the lab.", cause: "web" });
    const sick = await onFake("survives-kill", { program: { healthyAfterMs: Infinity } });
    expect(sick["web"]).toMatchObject({ outcome: "inconclusive", cause: "web" });
    expect(sick["web"]!.because).not.toContain("health check");
    expect(sick["db"]).toMatchObject({ outcome: "proved" });
  });
});

describe("a service that shows nothing but its process", () => {
  it("is not taken to serve the moment it was started", async () => {
    // It ends a second after each start but the first, as a worker does that finds its own lock.
    let starts = 0;
    const worker: FakeProgram = {
      get endsAfterMs() {
        return starts > 0 ? 1_000 : Number.POSITIVE_INFINITY;
      },
    };
    const { web } = await onFake("survives-kill", {
      web: { healthcheck: undefined },
      program: worker,
      candidates: [],
      onCrash: () => {
        starts++;
      },
    });
    expect(web).toMatchObject({ outcome: "refuted" });
    expect(web!.because).toContain("web serves again");
  });
});

describe("what a drill also concerns", () => {
  it("is left out where it is not there, and then nothing is proved", async () => {
    const [whole] = Object.values(await onFake("survives-reboot", {}));
    expect(whole).toMatchObject({ outcome: "proved" });
    const [part] = Object.values(
      await onFake("survives-reboot", { missing: new Map([["web", "no image"]]) }),
    );
    expect(part).toMatchObject({ outcome: "inconclusive" });
    expect(part).toMatchObject({
      because: "What was there held. web is not in the lab.",
      cause: "web",
    });
    expect(part!.journal.map(({ what }) => what)).toContain("db serves again");
  });

  it("still refutes", async () => {
    const [report] = Object.values(
      await onFake("survives-reboot", { web: { restart: "no" }, missing: new Map([["db", "no image"]]) }),
    );
    expect(report).toMatchObject({ outcome: "refuted" });
    expect(report!.because).toContain("it has no restart policy");
  });
});

describe("the runner", () => {
  const drill = (run: Drill<null>["run"]): Drill<null> => ({
    ...{ id: "x/y", title: "T", claim: "c", disturbs: "D", run },
    targets: () => [{ subject: "s", services: [] }],
  });
  const lab = () => {
    const model = { services: {} };
    const engine = fakeEngine({ models: new Map([["/f", model]]) });
    const project = { lab: "a1", name: "shipworthy-lab-a1", file: "/f" };
    return openLab({ engine, project, model, missing: new Map(), candidates: () => [], say: () => {} });
  };
  const outcome = async (run: Drill<null>["run"]) =>
    (await runDrills(lab(), [drill(run)], null, { say: () => {} }))[0]!;

  it("undoes in reverse order, whatever happened", async () => {
    const undone: string[] = [];
    const { outcome: result, journal } = await outcome(async scene => {
      scene.afterwards("first", async () => void undone.push("first"));
      scene.afterwards("second", async () => {
        undone.push("second");
        throw new Error("cannot");
      });
      await scene.holds("it holds", async () => {
        throw new Error("the engine fell over");
      });
    });
    expect(undone).toEqual(["second", "first"]);
    // A failing engine says nothing about the promise.
    expect(result).toBe("inconclusive");
    expect(journal.map(({ phase, what, saw }) => `${phase} ${what}: ${saw}`)).toEqual([
      "holds it holds: the engine fell over",
      "restore second: cannot",
      "restore first: done",
    ]);
  });

  it("goes on after a promise that does not hold, and is refuted for each", async () => {
    const { outcome: result, because } = await outcome(async scene => {
      await scene.alsoHolds("the first", async () => {
        throw new NotSeen("it is not so");
      });
      await scene.alsoHolds("the second", async () => "it holds");
      await scene.alsoHolds("the third", async () => {
        throw new NotSeen("neither");
      });
      await scene.steady("the rest can be had", async () => {
        throw new NotSeen("it cannot");
      });
    });
    expect(result).toBe("refuted");
    expect(because).toBe("the first: it is not so.\nthe third: neither.");
  });

  it("decides nothing when the lab changes between two looks", async () => {
    const report = await outcome(async () => {
      throw new NotSeen("web has no container");
    });
    expect(report).toMatchObject({ outcome: "inconclusive", because: "web has no container." });
  });

  it("plays drills last that read what others have left", async () => {
    const names: string[] = [];
    const one = (name: string) => ({ ...drill(async () => void names.push(name)), id: name });
    await runDrills(lab(), [{ ...one("b"), last: true }, one("a")], null, { say: () => {} });
    expect(names).toEqual(["a", "b"]);
  });

  it("does not call proved what was never seen to hold", async () => {
    expect((await outcome(async () => {})).outcome).toBe("inconclusive");
  });

  it("has nothing to do where there is no target, and stops when it is told to", async () => {
    const idle = { ...drill(async () => {}), targets: () => [] };
    expect(await runDrills(lab(), [idle], null, { say: () => {} })).toMatchObject([
      { outcome: "not-applicable" },
    ]);
    expect(await runDrills(lab(), [idle], null, { say: () => {}, stopped: () => true })).toEqual([]);
  });

  it("takes away what it has written, for the drills after it", async () => {
    let mark: string | undefined;
    const store: FakeProgram = {
      exec(argv) {
        const statement = argv.at(-1) ?? "";
        const done = (stdout = "") => ({ code: 0, stdout, stderr: "" });
        if (/^CREATE/.test(statement) && mark !== undefined)
          return { code: 1, stdout: "", stderr: "it already exists" };
        if (/^CREATE/.test(statement)) mark = "";
        if (/^DROP/.test(statement)) mark = undefined;
        if (/^INSERT/.test(statement)) mark = /'([^']*)'/.exec(statement)?.[1];
        return done(/^SELECT/.test(statement) ? `1000 ${mark}` : "");
      },
    };
    const reports = await onFake("data-survives-redeploy", { store });
    expect(Object.values(reports).map(({ outcome }) => outcome)).toEqual(["proved"]);
    expect(mark).toBeUndefined();
  });
});
