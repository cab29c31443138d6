import {
  type Cause,
  type DrillReport,
  type KnownRequest,
  type Lab,
  type LabImage,
  type Look,
  NotSeen,
  type Started,
} from "../core/drill.ts";
import type { ComposeModel, Container, Engine, LabProject } from "../core/engine.ts";
import { runProbe } from "../drills/look.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";
import { causesOf, rootOf, type Troubles } from "./causes.ts";
import { certificatePairs, giveCertificates } from "./certificates.ts";
import { masker } from "./mask.ts";
import { openOwnServer } from "./own-script.ts";
import { answered, type Candidate, isOneShot, isSteady, lookAt } from "./watch.ts";
import { mayTakeLong, watchStart } from "./watch-start.ts";

export interface LabOptions {
  readonly engine: Engine;
  readonly project: LabProject;
  /** The clone without what could not be had. */
  readonly model: ComposeModel;
  readonly missing: ReadonlyMap<string, string>;
  /** How each image was had; nothing is said of builds where it is not given. */
  readonly images?: readonly LabImage[];
  /** What may be asked of a service. */
  candidates(service: string): readonly Candidate[];
  say(line: string): void;
  /** Where the clone comes from; scripts of the project can be run only where it is given. */
  readonly source?: { readonly stack: Stack; readonly user: ComposeProject };
}

/** A lab that can also be summed up. */
export interface RunningLab extends Lab {
  /** What the reports name as causes, with the words for it. */
  causes(reports: readonly DrillReport[]): readonly Cause[];
}

const startLimitMs = 240_000;
/** A migration on a busy machine takes longer than a drill likes to wait; while it does something it is waited for. */
const longestStartMs = 600_000;
const calmWithinMs = 20_000;
/** So many services are started again before everything is. */
const gentleTries = 3;
/** So long a program has to have run that has ended before. */
const triedMs = 15_000;
/** A service is looked at so often before it is given up. */
const looks = 8;

/** The clone as drills use it. Starts nothing before it is asked to. */
export function openLab(options: LabOptions): RunningLab {
  const { engine, project, model, missing, candidates, say } = options;
  let known = new Map<string, readonly KnownRequest[]>();
  /** How each service stood after the last cold start; undefined before the first. */
  let bad: Map<string, string> | undefined;
  /** What did not stand after any of them. */
  const everBad = new Map<string, string>();
  const troubles: Troubles = { model, missing, bad: everBad };
  /** Whether what a server has and a new machine lacks was looked for since then. */
  let furnished = false;
  const given = new Set<string>();
  const recovered = new Set<string>();
  /** Whose health check had not passed when it was given up waiting for that. */
  const early = new Set<string>();
  /** Whose health check passed when the lab was calm: of any other it says nothing about a disturbance. */
  const probed = new Set<string>();
  /** How long one look took when the lab was calm: a busy machine is no defect of the stack. */
  const lookMs = new Map<string, number>();
  const names = Object.keys(model.services);
  const mask = masker(model);

  const containers = async (service: string): Promise<Container[]> =>
    (await engine.containers(project.lab)).filter(container => container.service === service);
  const patienceMs = (service: string): number => {
    const check = (model.services[service]?.["healthcheck"] ?? {}) as Readonly<Record<string, unknown>>;
    const own = durationMs(check["start_period"]) + 2 * durationMs(check["interval"]);
    return Math.min(240_000, 30_000 + own + looks * (lookMs.get(service) ?? 0));
  };
  const look = async (service: string): Promise<Look> => {
    const mine = await containers(service);
    if (isOneShot(model, service)) {
      const ended = mine.length > 0 && mine.every(one => one.state === "exited" && one.exitCode === 0);
      return { ok: ended, saw: ended ? "it has ended with success" : "it has not ended with success" };
    }
    return lookAt(engine, mine, known.get(service) ?? [], probed.has(service));
  };
  const serves = async (service: string, withinMs = patienceMs(service)): Promise<string> => {
    const start = engine.now();
    for (;;) {
      const { ok, saw } = await look(service);
      const waited = ((engine.now() - start) / 1000).toFixed(1);
      if (ok) return `after ${waited} s ${saw}`;
      if (engine.now() - start > withinMs) throw new NotSeen(`after ${waited} s ${saw}`);
      await engine.sleep(500);
    }
  };
  /** The drill before may have started it a moment ago. */
  const settles = (service: string): Promise<boolean> =>
    serves(service, calmWithinMs + looks * (lookMs.get(service) ?? 0)).then(
      () => true,
      error => {
        if (error instanceof NotSeen) return false;
        throw error;
      },
    );
  const start = async (): Promise<Started[]> => {
    const sinceMs = engine.now();
    const over = new AbortController();
    /** What it says when it gives up. */
    let words: string | undefined;
    // Compose waits for dependencies itself, so watching has to go on beside it.
    const up = engine.up(project, { timeoutMs: longestStartMs, signal: over.signal }).then(done => {
      if (done.ok || over.signal.aborted) return;
      words = (done.words.split("\n").at(-1) ?? "").replaceAll(`${project.name}-`, "");
      say(`  compose: ${words}`);
    });
    const started = await watchStart(engine, {
      ...{ lab: project.lab, model, sinceMs, limitMs: startLimitMs, ended: () => words },
      longestMs: longestStartMs,
      ...(bad ? { doubtful: new Set([...bad.keys(), ...early]) } : {}),
    });
    // Compose would go on waiting for what does not stand.
    if (started.some(({ ok }) => !ok)) over.abort();
    await up;
    return started;
  };
  /** How a service that serves shows it. */
  const know = async (service: string, container: Container) => {
    if (!mayTakeLong(container.probe) || (await runProbe(engine, container))?.ok) probed.add(service);
    const since = engine.now();
    await look(service);
    lookMs.set(service, engine.now() - since);
  };
  const learn = async (started: readonly Started[]) => {
    known = new Map();
    probed.clear();
    recovered.clear();
    bad = new Map(started.filter(({ ok }) => !ok).map(({ service, saw }) => [service, saw]));
    for (const [service, saw] of bad) everBad.set(service, saw);
    for (const { service, early: isEarly } of started) if (isEarly) early.add(service);
    for (const { service, ok } of started) {
      const [first] = await containers(service);
      // One whose health check alone does not pass answers too.
      if (first && (ok ? first.state === "running" : isSteady(engine, first)))
        known.set(service, await answered(engine, first, candidates(service)));
      if (ok && first?.state === "running") await know(service, first);
    }
  };
  const coldStart = async () => {
    await engine.down(project, { volumes: true });
    const started = await start();
    await learn(started);
    furnished = false;
    return started;
  };
  /**
   * A proxy that cannot start on a new machine for want of its certificate has been said to by then. Its server has one,
   * and what stands behind it is worth drilling.
   */
  const furnish = async () => {
    furnished = true;
    if (!options.source) return;
    let some = false;
    const again = new Set<string>();
    for (const service of bad!.keys()) {
      const pairs = certificatePairs(options.source.stack, options.source.user, service);
      const [container] = await containers(service);
      if (!container || container.state === "created") again.add(service);
      if (!container || pairs.length === 0) continue;
      const paths = await giveCertificates({ engine, project, model }, container, pairs);
      for (const path of paths) given.add(`${service}: ${path} made up, as its server has it`);
      if (paths.length === 0) continue;
      some = true;
      again.add(service);
      say(`  ${service} is given a certificate, as its server has it`);
      // The engine waits longer after each crash.
      await engine.stop(container, { graceMs: 0 });
      await engine.start(container);
    }
    if (!some) return;
    // What may stand now is given its time; the others were given theirs.
    for (const service of again) bad!.delete(service);
    await learn(await start());
  };
  /** A start may take longer than its health check's own limit: what passes it by now, and has not ended, serves. */
  const welcome = async () => {
    for (const service of [...bad!.keys()]) {
      const [container, more] = await containers(service);
      // One that had to try again has to have stayed up for longer.
      const steady = container && isSteady(engine, container, container.restarts > 0 ? triedMs : undefined);
      if (!container?.probe || more || !steady) continue;
      if (!(await runProbe(engine, container))?.ok) continue;
      recovered.add(service);
      bad!.delete(service);
      known.set(service, await answered(engine, container, candidates(service)));
      await know(service, container);
    }
  };
  /** Asks each that served whether it serves; `quick`: only those of which something does not run. */
  const unsettled = async (quick: boolean): Promise<string | undefined> => {
    const all = quick ? await engine.containers(project.lab) : [];
    const runs = (name: string) => {
      const mine = all.filter(container => container.service === name);
      return mine.length > 0 && mine.every(({ state }) => state === "running");
    };
    const asked = names.filter(name => !bad!.has(name) && !(quick && runs(name)));
    const well = await Promise.all(asked.map(settles));
    return asked.find((_, index) => !well[index]);
  };
  const startedAgain = async (service: string): Promise<boolean> => {
    for (const container of await containers(service)) {
      await engine.stop(container);
      await engine.start(container);
    }
    return settles(service);
  };
  const calm = async ({ quick = false } = {}): Promise<ReadonlyMap<string, string>> => {
    if (!bad) await coldStart();
    if (!furnished) await furnish();
    if (!quick) await welcome();
    let service = await unsettled(quick);
    // A proxy may still ask for the address that an application had before: that needs no start from nothing.
    for (let tries = 0; service !== undefined && tries < gentleTries; tries++) {
      say(`  ${service} does not serve any more: starting it again`);
      if (!(await startedAgain(service))) break;
      service = await unsettled(false);
    }
    if (service !== undefined) {
      say(`  ${service} does not serve any more: starting from nothing`);
      await coldStart();
      await furnish();
      await welcome();
    }
    return bad!;
  };
  return {
    ...{
      id: project.lab,
      engine,
      project,
      model,
      missing,
      containers,
      look,
      serves,
      patienceMs,
      coldStart,
      calm,
    },
    images: options.images ?? [],
    rootOf: service => rootOf(service, troubles),
    causes: reports => causesOf(reports, troubles).map(one => ({ ...one, what: mask(one.what) })),
    get given() {
      return [...given];
    },
    recovered,
    get unwell() {
      return bad ?? new Map<string, string>();
    },
    async startTogether({ recreate = false } = {}) {
      const services = Object.fromEntries(
        Object.entries(model.services).map(([name, { depends_on: _, ...service }]) => [name, service]),
      );
      await engine.write(project, { ...model, services });
      try {
        const done = await engine.up(project, { recreate });
        if (!done.ok) throw new NotSeen(done.words);
      } finally {
        await engine.write(project, model);
      }
    },
    warmStart: start,
    async server(how) {
      if (!options.source) throw new NotSeen("the lab does not know whose scripts these are");
      const all = () => engine.containers(project.lab);
      return openOwnServer({ engine, project, model, missing, ...options.source, containers: all }, how);
    },
    heard: new Map(),
    mask,
    requests: service => known.get(service) ?? [],
  };
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** `1m30s` in milliseconds; 0 for what is no duration. */
export function durationMs(text: unknown): number {
  if (typeof text !== "string") return 0;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * units[unit!]!,
    0,
  );
}
