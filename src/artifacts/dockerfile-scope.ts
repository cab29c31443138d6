import type { Located } from "../core/source.ts";
import type { Lexed, Lookup } from "../formats/dockerfile-lex.ts";
import { lex } from "../formats/dockerfile-lex.ts";

/** Set by the builder itself, different on every machine. */
const automatic = /^(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/;

interface Value {
  /** Undefined: declared, but nothing in the file tells its value. */
  readonly text: string | undefined;
  /** An ARG that no `--build-arg` and no default sets: empty unless the caller sets it. */
  readonly open: boolean;
}

/** What `$NAME` means at one point of a Dockerfile. */
export class Scope {
  private readonly args: Map<string, Value>;
  private readonly env: Map<string, Value>;
  private readonly escapeChar: string;
  /** Whether names from outside the file (the base image's ENV) may be set. */
  private readonly openWorld: boolean;

  constructor(escapeChar: string, openWorld: boolean, inherited?: Scope) {
    this.escapeChar = escapeChar;
    this.openWorld = openWorld;
    this.args = new Map();
    this.env = new Map(inherited?.env);
  }

  /** `hidden`: the caller gives it a value that is not known. */
  setArg(name: string, text: string | undefined, hidden = false): void {
    this.args.set(name, { text, open: text === undefined && !hidden });
  }

  setEnv(name: string, value: Lexed): void {
    this.env.set(name, { text: value.unresolved ? undefined : value.text, open: false });
  }

  argValue(name: string): string | undefined {
    return this.args.get(name)?.text;
  }

  /** Substitutes and removes quotes. */
  expand(word: Located<string>): Lexed {
    return lex(word.value, { escape: this.escapeChar, lookup: this.lookup });
  }

  private readonly lookup: Lookup = (name, hasDefault) => {
    const value = this.env.get(name) ?? this.args.get(name);
    if (value?.text !== undefined) return value.text;
    if (value?.open && hasDefault) return undefined;
    if (value || automatic.test(name) || this.openWorld) return null;
    return undefined;
  };
}
