import type { Parsed } from "../core/artifact.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { type CaddyToken, nextCaddyToken } from "./caddyfile-tokens.ts";

/** A line of a Caddyfile, with its block. */
export interface CaddyDirective {
  readonly name: Located<string>;
  readonly args: readonly Located<string>[];
  readonly block?: readonly CaddyDirective[];
  /** From the name to the end of the line, or of the block. */
  readonly at: Location;
}

/** A block at the top. */
export interface CaddyBlock {
  /** `options`: the global ones; `snippet`: `(name)`; `route`: `&(name)`; `site`: everything else. */
  readonly kind: "options" | "snippet" | "route" | "site";
  /** Addresses of a site, or the name of a snippet or route without its brackets. */
  readonly keys: readonly Located<string>[];
  readonly directives: readonly CaddyDirective[];
  readonly at: Location;
}

export interface CaddyFile {
  readonly blocks: readonly CaddyBlock[];
  /** `import` at the top. */
  readonly imports: readonly CaddyDirective[];
}

/** Deeper than any configuration; what is nested deeper is read and dropped. */
const deepest = 50;

/**
 * Reads Caddyfile syntax without knowing a directive. Broken text gives a partial tree and problems. `{$NAME}` stays as
 * it is written. Linear in the length.
 */
export function parseCaddyfile(source: Source): Parsed<CaddyFile> {
  const reader = new CaddyReader(source);
  return { model: reader.file(), problems: reader.problems };
}

/** The tokens of one line; the last one may open a block. */
interface Line {
  readonly words: readonly CaddyToken[];
  readonly opens?: CaddyToken;
}

class CaddyReader {
  readonly problems: Problem[] = [];
  private readonly source: Source;
  private readonly absent = new Set<string>();
  private token: CaddyToken | undefined;

  constructor(source: Source) {
    this.source = source;
    this.token = nextCaddyToken(source.text, source.text.startsWith("\ufeff") ? 1 : 0, this.absent);
  }

  file(): CaddyFile {
    const blocks: CaddyBlock[] = [];
    const imports: CaddyDirective[] = [];
    while (this.token) {
      if (this.token.brace === "}") {
        this.problem(this.token, "This brace closes nothing");
        this.advance();
        continue;
      }
      const line = this.line(true);
      const [first] = line.words;
      if (first?.value === "import" && !line.opens) imports.push(this.directive(line, 0));
      else blocks.push(this.block(line, blocks.length === 0));
    }
    return { blocks, imports };
  }

  private block(line: Line, isFirst: boolean): CaddyBlock {
    const [first] = line.words;
    const start = (first ?? line.opens)!;
    const name = /^(&?)\(([^()]*)\)$/.exec(first?.value ?? "");
    let directives: CaddyDirective[];
    let end: number;
    if (line.opens) ({ directives, end } = this.body(line.opens, 0));
    else {
      // A single site needs no braces: the rest of the file is its block.
      directives = [];
      while (this.token && this.token.brace !== "}") directives.push(this.directive(this.line(false), 0));
      end = directives.at(-1)?.at.span.end ?? line.words.at(-1)!.end;
    }
    const kind = name ? (name[1] ? "route" : "snippet") : !first && isFirst ? "options" : "site";
    const keys = name
      ? [{ value: name[2]!, at: this.place(first!) }]
      : line.words.flatMap(word => this.addresses(word));
    return { kind, keys, directives, at: locate(this.source, start.start, end) };
  }

  /** `a.example,` or `a.example,b.example`. */
  private addresses(word: CaddyToken): Located<string>[] {
    const found: Located<string>[] = [];
    if (word.quoted) return [{ value: word.value, at: this.place(word) }];
    for (const match of word.value.matchAll(/[^,]+/g)) {
      const start = word.start + match.index;
      found.push({ value: match[0], at: locate(this.source, start, start + match[0].length) });
    }
    return found;
  }

  /** The words up to the end of the line. Addresses go on behind a comma. */
  private line(isTop: boolean): Line {
    const words: CaddyToken[] = [];
    while (this.token) {
      const { token } = this;
      const last = words.at(-1);
      const continues = last === undefined || !token.startsLine || (isTop && last.value.endsWith(","));
      if (!continues || token.brace === "}") break;
      this.advance();
      // A brace is a block's only at the end of a line; elsewhere it is a word.
      if (token.brace === "{" && (!this.token || this.token.startsLine)) return { words, opens: token };
      words.push(token);
    }
    return { words };
  }

  private directive(line: Line, depth: number): CaddyDirective {
    const first = (line.words[0] ?? line.opens)!;
    const { directives, end } = line.opens
      ? this.body(line.opens, depth + 1)
      : { directives: undefined, end: line.words.at(-1)!.end };
    return {
      name: { value: line.words[0]?.value ?? "", at: this.place(first) },
      args: line.words.slice(1).map(word => ({ value: word.value, at: this.place(word) })),
      ...(directives && depth < deepest ? { block: directives } : {}),
      at: locate(this.source, first.start, end),
    };
  }

  /** The directives up to the closing brace. Blocks below the deepest level are skipped without recursion. */
  private body(open: CaddyToken, depth: number): { directives: CaddyDirective[]; end: number } {
    if (depth >= deepest) return { directives: [], end: this.skip(open) };
    const directives: CaddyDirective[] = [];
    while (this.token && this.token.brace !== "}") directives.push(this.directive(this.line(false), depth));
    const close = this.token;
    if (close) this.advance();
    else this.problem(open, "This block is never closed");
    return { directives, end: close?.end ?? this.source.text.length };
  }

  private skip(open: CaddyToken): number {
    let depth = 1;
    for (; this.token; this.advance()) {
      if (this.token.brace === "{") depth++;
      else if (this.token.brace === "}" && --depth === 0) {
        const { end } = this.token;
        this.advance();
        return end;
      }
    }
    this.problem(open, "This block is never closed");
    return this.source.text.length;
  }

  private advance(): void {
    const { token } = this;
    if (!token) return;
    if (token.unclosed) this.problem(token, "This quote is never closed");
    this.token = nextCaddyToken(this.source.text, token.end, this.absent);
  }

  private place(token: CaddyToken): Location {
    return locate(this.source, token.start, token.end);
  }

  private problem(token: CaddyToken, message: string): void {
    this.problems.push({ at: this.place(token), message });
  }
}
