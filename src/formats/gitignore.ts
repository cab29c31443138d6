import ignore, { type Ignore } from "ignore";

/** The rules of one `.gitignore`. */
export interface GitignoreRules {
  /**
   * `path` is relative to the file's folder; a folder's path ends with a slash. `undefined`: no rule speaks of the path
   * itself. What a rule says of a folder above does not count: a deeper file may have taken that folder back.
   */
  test(path: string): "ignored" | "kept" | undefined;
}

/** Reads a `.gitignore`, `.git/info/exclude` or any file of that syntax; letter case counts, as in git on Linux. */
export function parseGitignore(text: string): GitignoreRules {
  const rules: Ignore = ignore({ ignorecase: false, allowRelativePaths: true }).add(text);
  return {
    test: path => {
      if (path === "" || path === "/") return undefined;
      const above = foldersAbove(path);
      const isBelowIgnored = above.length > 0 && rules.test(above.at(-1)!).ignored;
      const { ignored, unignored } = (isBelowIgnored ? withFolders(text, above) : rules).test(path);
      return ignored ? "ignored" : unignored ? "kept" : undefined;
    },
  };
}

function foldersAbove(path: string): string[] {
  const parts = path.replace(/\/$/, "").split("/");
  return parts.slice(1).map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** The library hands the verdict of a folder down; these rules keep the folders, so the path is asked for itself. */
function withFolders(text: string, folders: readonly string[]): Ignore {
  const kept = folders.map(folder => `!/${folder.replace(/[\\*?[\]]/g, "\\$&")}`);
  return ignore({ ignorecase: false, allowRelativePaths: true }).add(text).add(kept);
}

/**
 * Asks nested rule files as git does: the deepest that speaks decides, and nothing below an ignored folder comes back.
 * `rulesOf` gives the rules of a folder (`""` is the root).
 */
export function gitignored(path: string, rulesOf: (folder: string) => GitignoreRules | undefined): boolean {
  const parts = path.split("/").filter(part => part !== "");
  for (let depth = 1; depth <= parts.length; depth++) {
    const isFolder = depth < parts.length || path.endsWith("/");
    if (speaks(parts.slice(0, depth), isFolder, rulesOf) === "ignored") return true;
  }
  return false;
}

function speaks(
  parts: readonly string[],
  isFolder: boolean,
  rulesOf: (folder: string) => GitignoreRules | undefined,
): "ignored" | "kept" | undefined {
  for (let above = parts.length - 1; above >= 0; above--) {
    const path = parts.slice(above).join("/") + (isFolder ? "/" : "");
    const verdict = rulesOf(parts.slice(0, above).join("/"))?.test(path);
    if (verdict) return verdict;
  }
  return undefined;
}
