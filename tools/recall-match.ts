import type { MapEntry, RuleMap, TruthItem, TruthPlace } from "./recall-truth.ts";
import { placeOf, placesOf } from "./recall-truth.ts";

/** The part of a JSON report that recall reads. */
export interface RunFinding {
  readonly rule: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly evidence: readonly RunPlace[];
}

export interface RunPlace {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly shows: string;
}

/** What a run's report says of one of our claims. */
export interface RunClaim {
  readonly id: string;
  readonly verdict: string;
}

/** found: a mapped rule at the place; candidate: something at the place, nobody has judged it; apart: files cannot show it. */
export type Outcome = "found" | "candidate" | "not found" | "apart";

export interface Compared {
  readonly item: TruthItem;
  readonly class: string;
  readonly outcome: Outcome;
  /** Rules that point at the place; for `apart` the reason. */
  readonly by: readonly string[];
}

/** A finding that says what is not so: it falls into a trap, or repeats a finding of the review that is none. */
export interface WrongReport {
  readonly trap: TruthItem;
  readonly finding: RunFinding;
  /** False: no map entry says whether this rule falls into the trap, so a person has to. */
  readonly judged: boolean;
}

/** A strength that the review praises and that is not there, beside what our claims say. */
export interface PraiseCheck {
  readonly item: TruthItem;
  /** held: we praise it too, which is wrong; apart: no claim of ours speaks of it; unmapped: nobody has said which one does. */
  readonly verdict: "refuted" | "undecided" | "held" | "apart" | "unmapped";
  readonly by: readonly string[];
}

/** What no file can show, and the claim whose drill decides it. */
export interface LeftToDrill {
  readonly item: TruthItem;
  readonly claim: string | undefined;
  readonly why: string;
}

export interface Recall {
  readonly missed: readonly Compared[];
  readonly claims: readonly Compared[];
  readonly wrong: readonly WrongReport[];
  /** Findings of the review that are none: how many there are; those that we repeat are in `wrong`. */
  readonly refuted: readonly TruthItem[];
  readonly praise: readonly PraiseCheck[];
  readonly drills: readonly LeftToDrill[];
}

const nearLines = 3;
/** A finding that spans more than this is about a whole block; only its first line says where. */
const longestExactSpan = 10;

/** Compares a run with the truth. Findings below `medium` fall into no trap. */
export function compare(
  items: readonly TruthItem[],
  findings: readonly RunFinding[],
  map: RuleMap = new Map(),
  claims: readonly RunClaim[] = [],
): Recall {
  const of = (kind: TruthItem["kind"]): readonly TruthItem[] => items.filter(item => item.kind === kind);
  const compareAll = (kind: TruthItem["kind"]): readonly Compared[] =>
    of(kind).map(item => compareOne(item, findings, map.get(item.id)));
  const grave = findings.filter(finding => finding.severity !== "low");
  return {
    missed: compareAll("missed"),
    claims: compareAll("claim"),
    wrong: [
      ...of("trap").flatMap(trap => fallenInto(trap, grave, map.get(trap.id))),
      // What is not so must not be said at any severity.
      ...of("refuted").flatMap(item => fallenInto(item, findings, map.get(item.id))),
    ],
    refuted: of("refuted"),
    praise: of("praise").map(item => praised(item, claims, map.get(item.id))),
    drills: [...of("missed"), ...of("claim")].flatMap(item => {
      const entry = map.get(item.id);
      return entry?.needs === "drill" ? [{ item, claim: entry.drill, why: entry.why ?? "" }] : [];
    }),
  };
}

function praised(item: TruthItem, claims: readonly RunClaim[], entry: MapEntry | undefined): PraiseCheck {
  if (entry?.needs !== undefined) return { item, verdict: "apart", by: [entry.why ?? entry.needs] };
  if (entry?.claims === undefined) return { item, verdict: "unmapped", by: [] };
  const said = claims.filter(claim => entry.claims?.includes(claim.id));
  const those = (verdict: string): readonly string[] =>
    unique(said.filter(claim => claim.verdict === verdict).map(claim => claim.id));
  const [held, refuted] = [those("held"), those("refuted")];
  if (held.length > 0) return { item, verdict: "held", by: held };
  return refuted.length > 0
    ? { item, verdict: "refuted", by: refuted }
    : { item, verdict: "undecided", by: entry.claims };
}

function compareOne(item: TruthItem, findings: readonly RunFinding[], entry: MapEntry | undefined): Compared {
  const base = { item, class: item.ruleClass ?? entry?.class ?? areaOf(entry) ?? "unclassed" };
  if (entry?.needs !== undefined) {
    return { ...base, outcome: "apart", by: [`needs ${entry.needs}${entry.why ? `: ${entry.why}` : ""}`] };
  }
  const places = [...placesOf(item), ...(entry?.places ?? []).flatMap(place => placeOf(place) ?? [])];
  if (places.length === 0) {
    return {
      ...base,
      outcome: "apart",
      by: [`no audited file is named: ${item.evidence.join(", ") || "no evidence"}`],
    };
  }
  const there = findings.filter(finding => places.some(place => pointsAt(finding, place)));
  if (entry === undefined) {
    const by = unique(there.map(finding => finding.rule));
    return { ...base, outcome: by.length > 0 ? "candidate" : "not found", by };
  }
  const by = unique(there.map(finding => finding.rule).filter(rule => entry.rules.includes(rule)));
  if (by.length > 0) return { ...base, outcome: "found", by };
  // Named apart, so that a person reads it: it may be the same defect shown elsewhere, or another one.
  const near = findings.filter(finding => entry.rules.includes(finding.rule));
  return { ...base, outcome: "not found", by: unique(near.flatMap(elsewhere)) };
}

function elsewhere(finding: RunFinding): string {
  const [first] = finding.evidence;
  return first ? `elsewhere: ${finding.rule} ${first.file}:${first.line}` : "";
}

/** Within three lines of the place in the same file, or naming the path that is absent. */
function pointsAt(finding: RunFinding, place: TruthPlace): boolean {
  if (place.kind === "lines") {
    return finding.evidence.some(
      at => at.file === place.file && overlaps(at, place.from, place.to, nearLines),
    );
  }
  if (finding.evidence.some(at => at.file === place.file)) return true;
  const said = [finding.subject, finding.message, ...finding.evidence.map(at => at.shows)].join("\n");
  return namesPath(said, place.file);
}

function overlaps(at: RunPlace, from: number, to: number, slack: number): boolean {
  const last = at.endLine - at.line > longestExactSpan ? at.line : Math.max(at.line, at.endLine);
  return at.line <= to + slack && last >= from - slack;
}

/** A message may name the path from its own context's directory, so each shorter end of it counts, down to the file's name. */
function namesPath(said: string, path: string): boolean {
  const parts = path
    .replace(/^[\w-]+:/, "")
    .split("/")
    .filter(Boolean);
  return parts.some((part, index) => {
    const isName = index === parts.length - 1;
    if (isName && part.length < 4 && parts.length > 1) return false;
    return hasWord(said, parts.slice(index).join("/"));
  });
}

/** `needle` with no path character directly before or after it; a leading `./` or a directory may stand before. */
function hasWord(said: string, needle: string): boolean {
  for (let at = said.indexOf(needle); at >= 0; at = said.indexOf(needle, at + 1)) {
    const before = said[at - 1] ?? " ";
    const after = said[at + needle.length] ?? " ";
    if (!/[\w-]/.test(before) && !/[\w-]/.test(after)) return true;
  }
  return false;
}

function fallenInto(
  trap: TruthItem,
  findings: readonly RunFinding[],
  entry: MapEntry | undefined,
): readonly WrongReport[] {
  if (entry?.needs !== undefined) return [];
  const places = placesOf(trap);
  return findings
    .filter(finding => entry === undefined || entry.rules.includes(finding.rule))
    .filter(finding => {
      const primary = finding.evidence[0];
      return primary !== undefined && places.some(place => isAt(primary, place));
    })
    .map(finding => ({ trap, finding, judged: entry !== undefined }));
}

function isAt(at: RunPlace, place: TruthPlace): boolean {
  if (at.file !== place.file) return false;
  return place.kind === "absent" || overlaps(at, place.from, place.to, 0);
}

const areaOf = (entry: MapEntry | undefined): string | undefined => entry?.rules[0]?.split("/")[0];
const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

export interface Share {
  readonly of: string;
  readonly found: number;
  readonly candidates: number;
  readonly all: number;
}

/** Shares of what files can show: items that are apart are left out of `all`. */
export function shares(compared: readonly Compared[], by: (one: Compared) => string): readonly Share[] {
  const groups = new Map<string, Compared[]>();
  for (const one of compared) {
    if (one.outcome === "apart") continue;
    const group = groups.get(by(one)) ?? [];
    group.push(one);
    groups.set(by(one), group);
  }
  return [...groups].map(([of, ones]) => ({
    of,
    found: ones.filter(one => one.outcome === "found").length,
    candidates: ones.filter(one => one.outcome === "candidate").length,
    all: ones.length,
  }));
}
