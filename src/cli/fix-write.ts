import { UserError } from "../core/user-error.ts";
import { patchOf, reversed, type TextChange } from "../fix/patch.ts";
import { gitState } from "../workspace/git-state.ts";
import { type FileChange, keepPrivately, writeFiles } from "../workspace/write.ts";

/** @throws UserError when git could not bring back a file that is to be changed. */
export function requireCleanFiles(root: string, changes: readonly TextChange[], allowDirty: boolean): void {
  const state = gitState(root, existing(changes));
  if (allowDirty || state.kind !== "repository") return;
  const dirty = [
    ...state.changed.map(file => `${file} (changes that are not committed)`),
    ...state.untracked.map(file => `${file} (not in git)`),
  ];
  if (dirty.length === 0) return;
  throw new UserError(
    `Nothing was changed: git could not bring back ${dirty.join(", ")}.`,
    "Commit first, or use --allow-dirty: then a patch that undoes the change is kept in .shipworthy.",
  );
}

/** How to take the change back. */
export interface UndoPlan {
  /** For a POSIX shell, in the project's directory. */
  readonly commands: readonly string[];
  /** A patch to keep first, where git alone cannot do it. */
  readonly patch?: { readonly name: string; readonly text: string };
}

/** Git brings back what it has; everything else is kept as a patch that takes the change back. */
export function undoPlan(root: string, changes: readonly TextChange[], allowDirty: boolean): UndoPlan {
  const files = existing(changes);
  const state = gitState(root, files);
  if (state.kind === "repository" && !(allowDirty && state.changed.length + state.untracked.length > 0)) {
    const fresh = changes.filter(change => change.before === undefined).map(({ file }) => file);
    const restore = files.length > 0 ? [`git restore -- ${files.map(quote).join(" ")}`] : [];
    return { commands: [...restore, ...(fresh.length > 0 ? [`rm -- ${fresh.map(quote).join(" ")}`] : [])] };
  }
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "-");
  const name = `undo-${time}.patch`;
  const isUnseen = state.kind === "unknown" && state.why === "git is not installed";
  const apply = isUnseen ? `patch -p1 < .shipworthy/${name}` : `git apply .shipworthy/${name}`;
  return { commands: [apply], patch: { name, text: patchOf(reversed(changes)) } };
}

export function writeChanges(root: string, changes: readonly TextChange[], { patch }: UndoPlan): void {
  if (patch) keepPrivately(root, patch.name, patch.text);
  writeFiles(root, changes.flatMap(fileChange));
}

function fileChange({ after, ...change }: TextChange): FileChange[] {
  return after === undefined ? [] : [{ ...change, after }];
}

function existing(changes: readonly TextChange[]): string[] {
  return changes.filter(change => change.before !== undefined).map(({ file }) => file);
}

function quote(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
