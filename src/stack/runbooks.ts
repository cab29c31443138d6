import { basename } from "../core/path.ts";

const about = /deploy|operation|backup|restor|runbook|production|disaster|recovery|rollback|incident|upgrad/i;

/** Documents that tell people what to type: the README at the root and pages on deploying and operating; at most 12. */
export function runbooks(paths: readonly string[]): string[] {
  return paths
    .filter(path => /\.(md|markdown)$/i.test(path))
    .filter(path => /^readme\./i.test(path) || about.test(basename(path)))
    .slice(0, 12);
}
