import type { Location } from "../../core/source.ts";

/** Why a path of the repository is not in a build context. */
export interface AbsenceReason {
  readonly reason: "absent" | "ignored";
  /** The pattern of the ignore file. */
  readonly by?: Location;
}

/** The files that a build can copy. Paths are relative to the context, "" is the context itself; ignored files are absent. */
export interface BuildContextView {
  /** The context's directory relative to the audited root; "" is the root. */
  readonly dir: string;
  has(path: string): "file" | "directory" | undefined;
  /** Names in a directory of the context. */
  list(dir: string): readonly string[];
  /** Why a path that `has` denies is missing. */
  why?(path: string): AbsenceReason;
}
