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

/** Why a project has its grade. */
export interface Because {
  /** In words, for the report. */
  readonly text: string;
  readonly at?: Location;
  readonly ground?: Ground;
}

/**
 * What a grade rests on, where others ask for it: the name of the file or of its folder; that it is the only project, or
 * that nothing speaks against it; a site that only a workstation can reach; a program that works for itself alone (its
 * mails are caught, its stages are for development); the sources of the checkout.
 */
export type Ground =
  | "name"
  | "folder"
  | "only"
  | "nothing"
  | "reserved site"
  | "own address"
  | "work inside"
  | "checkout";

/** Which files form a Compose project, and how much of production it is. */
export interface ProjectPlan {
  readonly files: readonly string[];
  readonly grade: Grade;
  readonly because: Because;
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
