import { type PlacedViolation, type Severity, severities } from "../core/finding.ts";
import { addTo } from "../core/group.ts";
import { joinFixes } from "../core/join-fixes.ts";
import { basename, dirname } from "../core/path.ts";

/**
 * Compose files that lie side by side are often one stack in several variants (a file per database, one for a test
 * server). What a rule says of the same subject in each of them has one cause, so it becomes one finding with the
 * places of all, as grave as it is in the worst of them. What weighs little stays apart.
 */
export function joinVariants(
  violations: readonly PlacedViolation[],
  usual: Severity = "medium",
): PlacedViolation[] {
  const weightOf = ({ severity = usual }: PlacedViolation): number => severities.indexOf(severity);
  const groups = new Map<string, PlacedViolation[]>();
  const byMessage = new Map<string, string>();
  for (const violation of violations) {
    const { file } = violation.evidence[0].at;
    const weight = weightOf(violation);
    const place = [dirname(file), violation.confidence ?? ""].join("\0");
    const own = `${violation.subject}\0${place}\0${weight}`;
    // Variants may give their projects names of their own, and the same may be worse in one of them.
    const said = violation.message.replace(/\b(project) "[^"]*"/i, "$1");
    const same = `${said}\0${wider(file, place)}\0${weight > grave ? "little" : ""}`;
    const key = groups.has(own) ? own : (byMessage.get(same) ?? own);
    if (!byMessage.has(same)) byMessage.set(same, key);
    addTo(groups, key, violation);
  }
  return [...groups.values()].flatMap(group => {
    const files = new Set(group.map(({ evidence }) => evidence[0].at.file));
    // Of several files the worst comes first.
    return joinGroup(
      files.size < group.length ? group : group.toSorted((one, other) => weightOf(one) - weightOf(other)),
    );
  });
}

/** `deploy/production/` and `deploy/staging/` hold one stack for two servers, and so do `site1/` and `site2/`. */
const stage = /(?:^|(?<=\/))(?:prod|production|live|staging|stage|stg|qa|uat|pre-?prod)(?=\0)/i;
const grave = severities.indexOf("medium");

/** `devops/minimal/` and `devops/slurm/` each hold a `docker-compose.yml` of one stack; so may a server and its trial. */
function wider(file: string, place: string): string {
  // `ingest/dc/dc-crawl/` repeats the name of its parent: beside it lies `ingest/fc/fc-crawl/`.
  const folder = dirname(file).replace(/(^|\/)([^/]+)\/\2-/, "$1*/*-");
  return folder.includes("/") && /(?:^|\/)(?:(?:docker|podman)-)?compose\.ya?ml$/.test(file)
    ? `${folder.startsWith("*") || folder.includes("/*/") ? folder : `${dirname(folder)}/*`}${place.slice(dirname(file).length)}`
    : place.replace(stage, "").replace(/\d+(?=[^\0/]*\0)/g, "");
}

/** Only findings in different Compose files are variants; two in one file are two defects. */
function joinGroup(all: readonly PlacedViolation[]): PlacedViolation[] {
  // A file that several projects begin with says the same in each of them.
  const places = new Map<string, PlacedViolation>();
  for (const each of all) {
    const { at } = each.evidence[0];
    const key = `${at.file}:${at.span.start}:${each.severity}:${each.message}`;
    if (!places.has(key)) places.set(key, each);
  }
  const group = [...places.values()];
  const files = group.map(violation => violation.evidence[0].at.file);
  const distinct = new Set(files).size === files.length && files.every(file => /\.ya?ml$/.test(file));
  if (group.length === 1 || files.some(file => file.includes(".github/"))) return [...group];
  if (!distinct) {
    // What is said otherwise of a file that takes part twice keeps the rest from being joined no longer.
    const same = new Map<string, PlacedViolation[]>();
    for (const each of group) addTo(same, each.message, each);
    return same.size > 1 ? [...same.values()].flatMap(joinGroup) : [...group];
  }
  const [first, ...others] = group as [PlacedViolation, ...PlacedViolation[]];
  const also = files.slice(1).map(file => (dirname(file) === dirname(files[0]!) ? basename(file) : file));
  const list =
    also.length > 3 ? `${also.slice(0, 2).join(", ")} and ${also.length - 2} more files` : also.join(" and ");
  return [
    {
      ...first,
      message: `${first.message} The same is in ${list}.`,
      evidence: [...first.evidence, ...others.flatMap(other => other.evidence)],
      fix: () => joinFixes(group),
    },
  ];
}
