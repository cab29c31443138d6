import type { Location, Source } from "../core/source.ts";
import type { Grade } from "./stack.ts";

/** A command somewhere that names Compose files, resolved to repository paths. */
export interface ComposeUse {
  readonly files: readonly string[];
  /** The command names them; otherwise Compose takes what lies in the directory, or what the server's `.env` says. */
  readonly named: boolean;
  /** It changes a server: a deploy job, a deploy script, a remote shell. */
  readonly deploys: boolean;
  /** It only starts again what runs: nothing new is brought up. */
  readonly restarts?: boolean;
  /** Profiles that it starts. */
  readonly profiles?: readonly string[];
  /** Images that the same script pulls by their name on a server; undefined where it brings sources there. */
  readonly pulls?: readonly string[] | undefined;
  /** Whoever starts it stays with it, or has it work on the machine itself. */
  readonly tries?: boolean;
  /** The services that it names; none for all of them. */
  readonly services?: readonly string[];
  /** A job does it, and no script of people. */
  readonly pipeline?: boolean;
  readonly at: Location;
  /** "deploy job of .github/workflows/x.yml", for the report. */
  readonly by: string;
}

/** Which files form a Compose project, and how much of production it is. */
export interface ProjectPlan {
  readonly files: readonly string[];
  readonly grade: Grade;
  readonly because: { readonly text: string; readonly at?: Location };
  /** Profiles that what ships it starts. */
  readonly profiles?: readonly string[];
  /** The files that a release means which seems to start these. */
  readonly meant?: readonly string[];
}

export interface PlanOptions {
  /** Compose files that are deployed, when the user says so. */
  readonly deployed?: readonly string[];
  /** Compose files that a development container uses. */
  readonly devcontainer?: ReadonlySet<string>;
  /** How projects were graded before they were changed: what a change adds says nothing new of them. */
  readonly known?: readonly ProjectPlan[];
  /** The text of a file; undefined where there is none. */
  readonly text?: (path: string) => Source | undefined;
  /** The same for pages that only the grades ask: they are no part of what is audited. */
  readonly page?: (path: string) => Source | undefined;
  /** All files of the repository. */
  readonly paths?: readonly string[];
}
