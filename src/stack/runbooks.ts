import { basename, dirname } from "../core/path.ts";

const about =
  /deploy|self[-_ ]?host|operation|backup|restor|runbook|production|disaster|recovery|rollback|incident|upgrad|betrieb|sicherung|sauvegarde|exploitation|respaldo|despliegue|install|produ[cç]([aã]o|ci[oó]n)/i;

const setUp = /deploy|self[-_ ]?host|install|runbook|operation|betrieb|despliegue|exploitation/i;

const translation = /^readme[._-][a-z]{2}(?:[._-][a-z]{2,4})?\.\w+$/i;

/**
 * Documents that tell people what to type: the README at the root and beside a Compose file, pages on deploying and operating, then pages in a
 * folder for them; at most 12.
 */
export function runbooks(paths: readonly string[]): string[] {
  const pages = paths.filter(path => /\.(?:md|markdown|rst)$/i.test(path));
  const composed = new Set(
    paths.filter(path => /^(?:docker-)?compose[\w.-]*\.ya?ml$/.test(basename(path))).map(dirname),
  );
  const isReadme = (path: string): boolean =>
    /^readme[._-]/i.test(basename(path)) && (dirname(path) === "" || composed.has(dirname(path)));
  const named = pages.filter(path => isReadme(path) || about.test(basename(path)));
  const below = pages.filter(path => !named.includes(path) && about.test(path.split("/").at(-2) ?? ""));
  // Translations of the README say the same again; of many pages those that tell how to set it up come first.
  const [again, once] = [true, false].map(is => named.filter(path => translation.test(path) === is));
  const [early, late] = [true, false].map(is =>
    once!.filter(path => (isReadme(path) || setUp.test(basename(path))) === is),
  );
  return [...early!, ...late!, ...below, ...again!].slice(0, 12);
}
