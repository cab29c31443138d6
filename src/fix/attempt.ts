import type { ProjectFiles } from "../core/project-files.ts";
import { applyFixes } from "./apply.ts";
import { type Examination, examine, type Lens } from "./examine.ts";
import { type Candidate, objections } from "./gate.ts";
import { overlay } from "./overlay.ts";
import { brokenFiles } from "./syntax.ts";

/** Another program's word on a whole state: `docker compose config`, `nginx -t`. */
export interface Judge {
  readonly name: string;
  /** What it refuses, by what it was asked about. Nothing where it accepts, or cannot be asked. */
  refusals(state: Examination, changed: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>>;
}

export interface State {
  /** Texts of the files that fixes have changed so far. */
  readonly texts: ReadonlyMap<string, string>;
  readonly examination: Examination;
  /** By judge and what it was asked about. */
  readonly refusals: ReadonlyMap<string, string>;
}

export interface Laboratory {
  readonly files: ProjectFiles;
  readonly lens: Lens;
  readonly judges: readonly Judge[];
}

export async function firstState(laboratory: Laboratory): Promise<State> {
  return await stateOf(laboratory, new Map());
}

async function stateOf(laboratory: Laboratory, texts: ReadonlyMap<string, string>): Promise<State> {
  const examination = await examine(overlay(laboratory.files, texts), laboratory.lens);
  return { texts, examination, refusals: await askJudges(laboratory, examination, texts) };
}

async function askJudges(
  { judges }: Laboratory,
  examination: Examination,
  texts: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const judge of judges)
    for (const [about, why] of await judge.refusals(examination, texts))
      all.set(about, `${judge.name} refuses ${about}: ${why}`);
  return all;
}

export interface Settled {
  readonly made: readonly Candidate[];
  readonly refused: readonly { readonly candidate: Candidate; readonly reasons: readonly string[] }[];
  readonly state: State;
}

/**
 * Makes as many of the fixes as the gate lets through, all on the texts of `start`. A batch that fails is halved until
 * the bad one stands alone, so that it never blocks the others. The fixes must not overlap.
 */
export async function makeFixes(
  laboratory: Laboratory,
  start: State,
  candidates: readonly Candidate[],
): Promise<Settled> {
  const made: Candidate[] = [];
  const refused: { candidate: Candidate; reasons: readonly string[] }[] = [];
  let state = start;
  const settle = async (batch: readonly Candidate[]): Promise<void> => {
    if (batch.length === 0) return;
    const { next, reasons } = await attempt(laboratory, start, state, [...made, ...batch]);
    if (next && reasons.length === 0) {
      made.push(...batch);
      state = next;
    } else if (batch.length === 1) refused.push({ candidate: batch[0]!, reasons });
    else {
      const half = Math.ceil(batch.length / 2);
      await settle(batch.slice(0, half));
      await settle(batch.slice(half));
    }
  };
  await settle(candidates);
  return { made, refused, state };
}

async function attempt(
  laboratory: Laboratory,
  start: State,
  before: State,
  fixes: readonly Candidate[],
): Promise<{ next?: State; reasons: readonly string[] }> {
  const texts = textsAfter(laboratory.files, start.texts, fixes);
  if (!texts) return { reasons: ["its edits do not fit into the file"] };
  const { stack } = start.examination;
  const examination = await examine(overlay(laboratory.files, texts), laboratory.lens, stack);
  const reasons = [
    ...objections(start.examination, before.examination, examination, fixes),
    ...brokenFiles(texts, examination.stack.kinds),
  ];
  // The others are asked last: they take longest.
  if (reasons.length > 0) return { reasons };
  const refusals = await askJudges(laboratory, examination, texts);
  const fresh = [...refusals].filter(([about]) => !before.refusals.has(about)).map(([, why]) => why);
  return { next: { texts, examination, refusals }, reasons: fresh };
}

/** Undefined when an edit lies outside its file: a mistake of the rule's, which costs no other fix. */
export function textsAfter(
  files: ProjectFiles,
  texts: ReadonlyMap<string, string>,
  fixes: readonly Candidate[],
): ReadonlyMap<string, string> | undefined {
  try {
    const { changed, deferred } = applyFixes(
      file => textOf(files, texts, file),
      fixes.map(({ fix }) => fix),
    );
    return deferred.length > 0 ? undefined : new Map([...texts, ...changed]);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function textOf(
  files: ProjectFiles,
  texts: ReadonlyMap<string, string>,
  file: string,
): string | undefined {
  const changed = texts.get(file);
  if (changed !== undefined || files.has(file) !== "file") return changed;
  const found = files.read(file);
  return "source" in found ? found.source.text : undefined;
}
