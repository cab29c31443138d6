import type { Fragment } from "../core/fragment.ts";
import type { Located, Location, Source } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
import type { Call } from "./commands.ts";

export type Settings = ReadonlyMap<string, Located<string>>;

/** `${{ ... }}`, with the contexts that it reads: `secrets.TOKEN`, `github.event.issue.title`. */
export interface Expression {
  readonly text: string;
  readonly at: Location;
  readonly contexts: readonly string[];
}

export interface Trigger {
  /** push, pull_request, workflow_dispatch, workflow_call, schedule... */
  readonly event: string;
  readonly at: Location;
  readonly branches: readonly Located<string>[];
  readonly branchesIgnore: readonly Located<string>[];
  readonly tags: readonly Located<string>[];
  readonly paths: readonly Located<string>[];
  readonly pathsIgnore: readonly Located<string>[];
  readonly types: readonly Located<string>[];
  /** For workflow_run: names of the workflows waited for. */
  readonly workflows: readonly Located<string>[];
  readonly crons: readonly Located<string>[];
  /** Names of the inputs of workflow_dispatch and workflow_call. */
  readonly inputs: readonly Located<string>[];
  /** What an input is declared as: string, choice, boolean, number, environment. */
  readonly inputTypes: ReadonlyMap<string, string>;
}

/** `write-all`, `read-all`, or one level per scope. */
export interface Permissions {
  readonly at: Location;
  readonly all?: string;
  readonly scopes: Settings;
}

export interface Concurrency {
  readonly at: Location;
  readonly group: Located<string> | undefined;
  readonly cancelInProgress: boolean | "expression";
  readonly cancelAt?: Location;
}

/** `uses:` of a step or a job. */
export interface Uses {
  readonly text: string;
  readonly at: Location;
  readonly kind: "local" | "remote" | "docker";
  /** `owner/repo` of a remote one. */
  readonly repository?: string;
  /** Below the repository: of a remote sub-action or reusable workflow, or the local path without `./`. */
  readonly path?: string;
  readonly ref?: string;
  /** The ref is a full commit hash. */
  readonly pinned: boolean;
}

export interface WorkflowContainer {
  /** The service's name; undefined for the job's own container. */
  readonly name?: Located<string>;
  readonly at: Location;
  readonly image: Located<string> | undefined;
  readonly env: Settings;
  readonly ports: readonly Located<string>[];
  readonly options?: Located<string>;
}

export interface Run {
  readonly fragment: Fragment;
  /** Undefined when another interpreter runs it. */
  readonly script: ShellScript | undefined;
  readonly shell: string;
  /** What the shell is started with: `-e` always; pipefail on GitHub only with an explicit `shell: bash`. */
  readonly errexit: boolean;
  readonly pipefail: boolean;
  readonly at: Location;
  readonly expressions: readonly Expression[];
}

export interface Step {
  readonly id?: Located<string>;
  readonly name?: Located<string>;
  readonly if?: Located<string>;
  readonly uses?: Uses;
  readonly with: Settings;
  readonly run?: Run;
  /** A script that an action runs on another machine (`with.script` of an ssh action). */
  readonly remoteScript?: ShellScript;
  /** Calls of `run`, of the remote script, and those an action stands for: builds and copies. */
  readonly calls: readonly Call[];
  readonly env: Settings;
  readonly workingDirectory?: Located<string>;
  /** Where `run` starts, from the root of the repository; undefined when unknown or outside it. */
  readonly cwd: string | undefined;
  readonly continueOnError: boolean;
  readonly at: Location;
}

export interface Job {
  readonly id: Located<string>;
  readonly name?: Located<string>;
  readonly at: Location;
  /** GitLab: the stage; jobs of earlier ones stand in `needs`. */
  readonly stage?: Located<string>;
  /** Where each job says by itself what starts it (GitLab); otherwise the workflow's count. */
  readonly triggers?: readonly Trigger[];
  readonly needs: readonly Located<string>[];
  readonly if?: Located<string>;
  readonly runsOn: readonly Located<string>[];
  readonly environment?: { readonly name: Located<string> | undefined; readonly url?: Located<string> };
  readonly container?: WorkflowContainer;
  readonly services: readonly WorkflowContainer[];
  /** A reusable workflow; such a job has no steps. */
  readonly uses?: Uses;
  readonly with: Settings;
  readonly secrets: Settings | "inherit";
  readonly permissions?: Permissions;
  readonly concurrency?: Concurrency;
  readonly env: Settings;
  readonly workingDirectory?: Located<string>;
  /** Names of the dimensions of `strategy.matrix`. */
  readonly matrix: readonly Located<string>[];
  /** What the dimensions are in each run of the job, as far as plain values say; empty without a matrix. */
  readonly combinations?: readonly ReadonlyMap<string, string>[];
  readonly failFast?: boolean;
  readonly steps: readonly Step[];
  readonly timeoutMinutes?: Located<string>;
  readonly continueOnError: boolean;
  /** GitLab: what the job hands to those after it, or finds again the next time. */
  readonly kept?: readonly Located<string>[];
  /** The repository is checked out: by a step, or by the runner. */
  readonly checksOut: boolean;
}

export interface Workflow {
  readonly platform: "github" | "gitlab";
  /** Jobs of it stand in files that could not be read: that one is absent proves nothing. */
  readonly incomplete?: boolean;
  readonly source: Source;
  readonly file: string;
  readonly name?: Located<string>;
  readonly triggers: readonly Trigger[];
  readonly permissions?: Permissions;
  readonly concurrency?: Concurrency;
  readonly env: Settings;
  readonly jobs: readonly Job[];
  /** Every expression of the file. */
  readonly expressions: readonly Expression[];
}
