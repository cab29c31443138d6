import type { Severity } from "../core/finding.ts";
import type { Location, Source } from "../core/source.ts";

/** A finding that a person has decided to live with. */
export interface Acceptance {
  readonly rule: string;
  /** Only findings about this subject. */
  readonly subject?: string;
  /** Only findings with evidence in a file that matches this glob. */
  readonly path?: string;
  /** Only the finding with this fingerprint: how a baseline names one. */
  readonly fingerprint?: string;
  readonly reason: string;
  /** ISO date; the last day on which it applies. */
  readonly until?: string;
  readonly by: "inline" | "config" | "baseline";
  readonly at: Location;
}

/** The load that a drill sends, and how well it has to be answered. */
export interface LoadTargets {
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds in which 95 of 100 requests through the front door are answered. */
  readonly p95: number;
  /** The same for health checks. */
  readonly healthP95: number;
  /** Seconds after which a started application serves. */
  readonly start: number;
}

/** Settings of one project, from `shipworthy.yml`. */
export interface Config {
  /** Lowest severity that gives exit code 1. */
  readonly failOn: Severity | "never";
  /** Per rule id; `off` silences the rule. */
  readonly severity: ReadonlyMap<string, Severity | "off">;
  readonly accept: readonly Acceptance[];
  /** Globs of paths that are not read. */
  readonly exclude: readonly string[];
  /** Compose files that are deployed; empty means that they are detected. */
  readonly deployed: readonly string[];
  /** Path of a baseline file, relative to the root. */
  readonly baseline?: string;
  /** What is not given is the drill's own. */
  readonly load: Partial<LoadTargets>;
  /** The file itself, so that places in it can be shown. */
  readonly source?: Source;
}

/** Where settings are looked for in the audited directory; the first that is there counts. */
export const configNames = ["shipworthy.yml", "shipworthy.yaml", ".shipworthy.yml"] as const;

export const defaultConfig: Config = {
  failOn: "high",
  severity: new Map(),
  accept: [],
  exclude: [],
  deployed: [],
  load: {},
};
