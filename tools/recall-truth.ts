/** What a reader found by eye in a system, and how a run's findings are compared with it. */

export interface TruthItem {
  readonly id: string;
  readonly severity: string;
  readonly title: string;
  /**
   * missed: the review did not see it; claim: the review says it and is right; trap: looks like a defect and is none;
   * refuted: the review calls it a defect and is wrong; praise: the review praises it and is wrong.
   */
  readonly kind: "missed" | "claim" | "trap" | "refuted" | "praise";
  /** Kind of defect in the reader's words, when the truth file has one. */
  readonly ruleClass?: string;
  readonly evidence: readonly string[];
}

/** A place that a run can point at. Lines are from 1, both ends included. */
export type TruthPlace =
  | { readonly kind: "lines"; readonly file: string; readonly from: number; readonly to: number }
  | { readonly kind: "absent"; readonly file: string };

/** Which rules show an item, judged by eye. Items that no file can show say what would. */
export interface MapEntry {
  readonly rules: readonly string[];
  readonly needs?: string;
  readonly why?: string;
  readonly class?: string;
  /** Further places (`path:line`) where a finding of these rules was read and is about the same defect. */
  readonly places?: readonly string[];
  /** Ids of our claims that speak of a strength which is not there: none of them may be held. */
  readonly claims?: readonly string[];
  /** For what needs a drill: id of the claim whose drill decides it. */
  readonly drill?: string;
}

export type RuleMap = ReadonlyMap<string, MapEntry>;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): readonly string[] => list(value).map(text).filter(Boolean);
const objects = (value: unknown): readonly Json[] => list(value).filter(isObject);

/**
 * The items of a truth file: missed defects, true or partly true claims of kind "finding", traps (trap-1, ...), and
 * what the review is wrong about: findings that are none, and strengths that are not there.
 */
export function readTruth(json: unknown): readonly TruthItem[] {
  if (!isObject(json))
    throw new Error("a truth file is an object with claims, missed and false_positive_traps");
  const missed = objects(json["missed"]).map(item => ({
    id: text(item["id"]),
    severity: text(item["severity"]) || "unknown",
    title: text(item["title"]),
    kind: "missed" as const,
    evidence: texts(item["evidence"]),
    ...(text(item["rule_class"]) ? { ruleClass: text(item["rule_class"]) } : {}),
  }));
  const said = objects(json["claims"]);
  const claimsOf = (kind: TruthItem["kind"], says: string, verdicts: readonly string[]): TruthItem[] =>
    said
      .filter(claim => claim["kind"] === says && verdicts.includes(text(claim["verdict"])))
      .map(claim => ({
        id: text(claim["id"]),
        severity: text(claim["review_severity"]) || "unknown",
        title: text(claim["text"]),
        kind,
        evidence: texts(claim["evidence"]),
      }));
  const traps = objects(json["false_positive_traps"]).map((trap, index) => ({
    id: `trap-${index + 1}`,
    severity: "trap",
    title: text(trap["what"]),
    kind: "trap" as const,
    evidence: texts(trap["evidence"]),
  }));
  return [
    ...missed,
    ...claimsOf("claim", "finding", ["true", "partly"]),
    ...traps,
    ...claimsOf("refuted", "finding", ["false"]),
    ...claimsOf("praise", "strength", ["false"]),
  ];
}

/**
 * `{"ID": ["area/rule"], "ID": {"rules": [...], "needs": "drill", "why": "...", "class": "..."}}`.
 * Keys are ids of missed items and claims, and trap-N for the N-th trap. For a trap and for a finding of the review
 * that is none, the rules are those that would say it; a strength that is not there names `claims`.
 */
export function readMap(json: unknown): RuleMap {
  if (!isObject(json)) throw new Error("a map file is an object from truth ids to rule ids");
  const entries = Object.entries(json).map(([id, value]): [string, MapEntry] => {
    if (typeof value === "string") return [id, { rules: [value] }];
    if (!isObject(value)) return [id, { rules: texts(value) }];
    return [
      id,
      {
        rules: texts(value["rules"]),
        ...(text(value["needs"]) ? { needs: text(value["needs"]) } : {}),
        ...(text(value["why"]) ? { why: text(value["why"]) } : {}),
        ...(text(value["class"]) ? { class: text(value["class"]) } : {}),
        ...(texts(value["places"]).length > 0 ? { places: texts(value["places"]) } : {}),
        ...(texts(value["claims"]).length > 0 ? { claims: texts(value["claims"]) } : {}),
        ...(text(value["drill"]) ? { drill: text(value["drill"]) } : {}),
      },
    ];
  });
  return new Map(entries);
}

/**
 * One evidence string as a place: `path:12`, `path:12-14`, `repository:path:12`, `absent:path`. A path alone
 * stands for its first line. Undefined for what no audited file shows: `seed:` (a line of the review), `post:`
 * (a later commit), `git:` (history).
 */
export function placeOf(evidence: string): TruthPlace | undefined {
  const trimmed = evidence.trim();
  if (/^(seed|post|git):/.test(trimmed)) return undefined;
  if (trimmed.startsWith("absent:")) {
    const file = trimmed.slice("absent:".length).trim();
    return file === "" ? undefined : { kind: "absent", file };
  }
  const match = /^(.+?):(\d+)(?:-(\d+))?$/.exec(trimmed);
  if (match === null)
    return /\s/.test(trimmed) ? undefined : { kind: "lines", file: trimmed, from: 1, to: 1 };
  const from = Number(match[2]);
  return { kind: "lines", file: match[1] ?? "", from, to: match[3] === undefined ? from : Number(match[3]) };
}

export function placesOf(item: TruthItem): readonly TruthPlace[] {
  return item.evidence.map(placeOf).filter(place => place !== undefined);
}
