import {
  type DrillReport,
  type JournalEntry,
  type Lab,
  NotSeen,
  type Outcome,
  type Phase,
  type Scene,
} from "../core/drill.ts";
import { EngineError } from "../core/engine.ts";

/** Thrown by a scene when the outcome is known. */
class Decided extends Error {
  readonly outcome: Outcome;
  /** The service in which it began, where that is known. */
  readonly root: string | undefined;

  constructor(outcome: Outcome, because: string, root: string | undefined) {
    super(because);
    this.outcome = outcome;
    this.root = root;
  }
}

interface Result {
  readonly outcome: Outcome;
  readonly because: string;
  readonly cause?: string;
}

function resultOf({ outcome, message, root }: Decided): Result {
  return { outcome, because: message, ...(root === undefined ? {} : { cause: root }) };
}

export type Played = Pick<DrillReport, "outcome" | "because" | "cause" | "ms" | "journal">;

/**
 * Plays one drill and keeps its journal. What is not seen while steady, or goes wrong in the disturbance, decides
 * nothing; what does not hold afterwards refutes. Undone is always, last first.
 */
export async function play(
  lab: Lab,
  run: (scene: Scene) => Promise<void>,
  say: (entry: JournalEntry) => void,
): Promise<Played> {
  const { engine } = lab;
  const start = engine.now();
  const journal: JournalEntry[] = [];
  const undos: { what: string; undo: () => Promise<void> }[] = [];
  const write = (phase: Phase, what: string, seen: string): string => {
    const saw = lab.mask(seen);
    const entry = { atMs: engine.now() - start, phase, what, saw };
    journal.push(entry);
    say(entry);
    return saw;
  };
  const act = (phase: Phase, otherwise: Outcome) => async (what: string, look: () => Promise<string>) => {
    try {
      write(phase, what, await look());
    } catch (error) {
      const saw = write(phase, what, error instanceof Error ? error.message : String(error));
      // An engine that fails says nothing about the promise.
      const because = `${what}: ${saw}.`;
      if (error instanceof NotSeen) throw new Decided(otherwise, because, error.root);
      throw new Decided("inconclusive", because, undefined);
    }
  };
  const broken: Result[] = [];
  const refuse = (result: Result): Result =>
    broken.length === 0
      ? result
      : {
          // The first one that has a cause names it.
          ...broken.find(({ cause }) => cause !== undefined),
          outcome: "refuted",
          because: [...broken, ...(result.outcome === "refuted" ? [result] : [])]
            .map(({ because }) => because)
            .join("\n"),
        };
  let result: Result;
  try {
    await run({
      lab,
      steady: act("steady", "inconclusive"),
      disturb: act("disturb", "inconclusive"),
      holds: act("holds", "refuted"),
      alsoHolds: (what, look) =>
        act("holds", "refuted")(what, look).catch(error => {
          if (!(error instanceof Decided) || error.outcome !== "refuted") throw error;
          broken.push(resultOf(error));
        }),
      note: (what, saw) => void write("disturb", what, saw),
      afterwards: (what, undo) => void undos.push({ what, undo }),
    });
    const last = journal.filter(({ phase }) => phase === "holds").at(-1);
    result = last
      ? { outcome: "proved", because: `${last.what}: ${last.saw}.` }
      : { outcome: "inconclusive", because: "Nothing was seen to hold." };
  } catch (error) {
    if (error instanceof Decided) result = resultOf(error);
    // Between two looks: the stack or the engine is not as it was, which decides nothing.
    else if (error instanceof NotSeen || error instanceof EngineError)
      result = { outcome: "inconclusive", because: `${lab.mask(error.message)}.` };
    else throw error;
  }
  for (const { what, undo } of undos.reverse()) {
    try {
      await undo();
      write("restore", what, "done");
    } catch (error) {
      // The lab is looked at before the next drill; what cannot be undone is started from nothing.
      write("restore", what, error instanceof Error ? error.message : String(error));
    }
  }
  return { ...refuse(result), ms: engine.now() - start, journal };
}
