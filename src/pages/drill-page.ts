import type { PageFile } from "./page.ts";

/** A drill's page: prose, and small stacks that it proves or refutes. They are its examples and its test. */
export interface DrillPage {
  readonly title: string;
  readonly sections: readonly DrillSection[];
}

export interface DrillSection {
  readonly verdict: "proved" | "refuted";
  readonly title: string;
  /** Line of the heading in the page, from 1. */
  readonly line: number;
  readonly files: readonly PageFile[];
  /** From `> web: it stays down`: the one subject that is refuted, and words of why. */
  readonly refuted?: { readonly subject: string; readonly words: string };
}

/** Reads a page. Throws an error that names the line: pages are ours. */
export function parseDrillPage(text: string): DrillPage {
  const lines = text.split(/\r?\n/);
  const title = lines.find(line => line.startsWith("# "))?.slice(2) ?? "";
  const sections: { -readonly [K in keyof DrillSection]: DrillSection[K] }[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const open = sections.at(-1);
    const head = /^## (Proved|Refuted): (.+)$/.exec(line);
    if (head) {
      const verdict = head[1] === "Proved" ? "proved" : "refuted";
      sections.push({ verdict, title: head[2]!, line: index + 1, files: [] });
      continue;
    }
    const because = /^> ([^:]+): (.+)$/.exec(line);
    if (because && open) open.refuted = { subject: because[1]!, words: because[2]! };
    const fence = /^```\S*\s+(\S+)$/.exec(line);
    if (!fence) continue;
    const end = lines.indexOf("```", index + 1);
    if (end === -1 || !open)
      throw new Error(`line ${index + 1}: this fence does not end, or belongs to no section`);
    const file = { path: fence[1]!, text: `${lines.slice(index + 1, end).join("\n")}\n` };
    open.files = [...open.files, { ...file, ignored: false, untracked: false, directory: false }];
    index = end;
  }
  for (const section of sections) {
    if (section.files.length === 0) throw new Error(`line ${section.line}: this section names no file`);
    if ((section.verdict === "refuted") !== (section.refuted !== undefined))
      throw new Error(
        `line ${section.line}: a refuted section says what is refuted ("> web: why"), a proved one does not`,
      );
  }
  return { title, sections };
}
