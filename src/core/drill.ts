import type { ComposeModel, Container, Engine, LabProject } from "./engine.ts";
import type { OwnServer, OwnServerOptions } from "./server.ts";

/** What an experiment says about a claim. */
export type Outcome = "proved" | "refuted" | "inconclusive" | "not-applicable";

export type Phase = "lab" | "steady" | "disturb" | "holds" | "restore";

/** One line of a journal: what was done or asked, and what was seen. `atMs` counts from the drill's start. */
export interface JournalEntry {
  readonly atMs: number;
  readonly phase: Phase;
  readonly what: string;
  readonly saw: string;
}

export interface DrillReport {
  readonly drill: string;
  readonly title: string;
  readonly claim: string;
  /** What it was done to: a service, or the whole stack. Empty where the drill has nothing to do here. */
  readonly subject: string;
  readonly outcome: Outcome;
  /** What decided, a sentence. */
  readonly because: string;
  /** The service in which that began, where it stands in the way of more than this: one of the run's causes. */
  readonly cause?: string;
  readonly ms: number;
  readonly journal: readonly JournalEntry[];
}

/** A run of drills, as it is reported and kept. */
export interface DrillRun {
  readonly project: string;
  readonly files: readonly string[];
  /** ISO time. */
  readonly at: string;
  readonly version: string;
  readonly engine: string;
  /** What the clone has otherwise than the files say. */
  readonly changes: readonly string[];
  readonly images: readonly LabImage[];
  /** What several verdicts rest upon, each once. */
  readonly causes: readonly Cause[];
  readonly reports: readonly DrillReport[];
}

/** Why services are not there or do not serve before anything is done to them: told once, where it began. */
export interface Cause {
  /** Those that it concerns itself, not those that only need them. The first one names the cause. */
  readonly services: readonly string[];
  /** Without the name: "its image does not build: ...". */
  readonly what: string;
}

export interface LabImage {
  readonly service: string;
  readonly how: "built" | "pulled" | "present" | "missing";
  readonly ms: number;
  /** Why it is missing. */
  readonly words: string;
}

export interface Target {
  readonly subject: string;
  /** Services without which the drill can say nothing. */
  readonly services: readonly string[];
  /** Services that it concerns too. Those that are not there are left out, and then it can refute but not prove. */
  readonly also?: readonly string[];
  /** Services that it uses whether they are well or not. The lab is calm before. */
  readonly beside?: readonly string[];
}

/**
 * An experiment that decides a claim on an engine. `run` goes through three phases by the scene's three verbs: what
 * fails while `steady` or in `disturb` leaves the claim undecided, what fails in `holds` refutes it.
 */
export interface Drill<S> {
  /** `area/name`, equal to the file's place. */
  readonly id: string;
  /** A positive promise. */
  readonly title: string;
  readonly claim: string;
  /** The services of its targets, and what those depend on, are all that it needs of the clone. */
  readonly needsTargetsOnly?: true;
  /** It reads what other drills have left, so it comes after them. */
  readonly last?: true;
  /** What it does to the clone, for the plan: "Kills the main process of each service". */
  readonly disturbs: string;
  targets(stack: S): readonly Target[];
  run(scene: Scene, target: Target, stack: S): Promise<void>;
}

export interface Scene {
  readonly lab: Lab;
  /** Looks before anything is disturbed. `look` gives what was seen, or throws NotSeen. */
  steady(what: string, look: () => Promise<string>): Promise<void>;
  /** Does the harm; gives what shows that it was felt. */
  disturb(what: string, act: () => Promise<string>): Promise<void>;
  holds(what: string, look: () => Promise<string>): Promise<void>;
  /** A promise beside others: when it does not hold that refutes, and the drill goes on to the rest. */
  alsoHolds(what: string, look: () => Promise<string>): Promise<void>;
  note(what: string, saw: string): void;
  /** Done at the end whatever happens, last first. */
  afterwards(what: string, undo: () => Promise<void>): void;
}

/**
 * What was looked for was not there; the message says what was there instead. `root`: the service in which it began,
 * where that is told by the lab.
 */
export class NotSeen extends Error {
  readonly root: string | undefined;

  constructor(saw: string, root?: string) {
    super(saw);
    this.name = "NotSeen";
    this.root = root;
  }
}

/** The clone, as a drill uses it. */
export interface Lab {
  readonly id: string;
  readonly engine: Engine;
  readonly project: LabProject;
  /** The clone's own model. */
  readonly model: ComposeModel;
  /** Services that are not in the lab, with the reason. */
  readonly missing: ReadonlyMap<string, string>;
  /** How each image was had. */
  readonly images: readonly LabImage[];
  /** The service in which it began that another is not there or did not start: often itself. */
  rootOf(service: string): string;
  containers(service: string): Promise<readonly Container[]>;
  /** Looks once whether a service serves, by every sign that it gave when the lab was calm. */
  look(service: string): Promise<Look>;
  /** Looks until it serves. @throws NotSeen with the last look when the time is over. */
  serves(service: string, withinMs?: number): Promise<string>;
  /** How long a service may take to be seen serving again, by its own health check's times. */
  patienceMs(service: string): number;
  /**
   * Makes every service serve that served after a cold start; with `quick`, what runs is taken to serve, which is right
   * after a drill that has seen it serve. Gives what did not serve then.
   */
  calm(options?: { readonly quick?: boolean }): Promise<ReadonlyMap<string, string>>;
  /**
   * What did not serve when the lab was calm last, with what was seen. One whose health check alone does not pass has
   * `requests` all the same.
   */
  readonly unwell: ReadonlyMap<string, string>;
  /** What did not serve after a cold start, and served later without help. */
  readonly recovered: ReadonlySet<string>;
  /** What the lab gave to services because their server would have it, for the report. */
  readonly given: readonly string[];
  /** Removes containers and volumes and starts the stack from nothing. */
  coldStart(): Promise<readonly Started[]>;
  /**
   * Starts everything at once, without waiting for one another's health; with `recreate` in new containers.
   * @throws NotSeen with Compose's words when it cannot.
   */
  startTogether(options?: { readonly recreate?: boolean }): Promise<void>;
  /** Starts what is there again, and waits. */
  warmStart(): Promise<readonly Started[]>;
  /** Takes credentials out of a text that is to be shown or kept. */
  mask(text: string): string;
  /** What ways of deploying have said when drills took them, by their title. Drills add to it. */
  readonly heard: Map<string, string>;
  /** Requests that were answered when the lab was calm, by service. */
  requests(service: string): readonly KnownRequest[];
  /**
   * Opens a stand-in for the user's server, for the project's own scripts; whoever opens it closes it.
   * @throws NotSeen where this machine cannot have one.
   */
  server(options?: OwnServerOptions): Promise<OwnServer>;
}

export interface KnownRequest {
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

export interface Look {
  readonly ok: boolean;
  readonly saw: string;
}

/** How a service started. */
export interface Started {
  readonly service: string;
  readonly ok: boolean;
  /** From the command to serving; undefined when that was not seen. */
  readonly ms?: number;
  readonly saw: string;
  /** It runs, its health check has not passed in the time of a drill, and by its own times that does not count yet. */
  readonly early?: true;
  /** It was not at its end when the drill gave up, and was still doing something; or it waits for such a one. */
  readonly atWork?: true;
}
