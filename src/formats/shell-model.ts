import type { Fragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import type { Located, Location } from "../core/source.ts";

/** How literal text is written, which decides what a backslash means in it. */
export type LiteralStyle = "bare" | "single" | "double" | "ansi";

interface PartBase {
  /** Inside double, single or `$'...'` quotes: no word splitting, no globbing. */
  readonly quoted: boolean;
  /** Offsets in the text of the fragment that was parsed. */
  readonly start: number;
  readonly end: number;
  readonly at: Location;
}

export interface LiteralPart extends PartBase {
  readonly kind: "literal";
  /** Without quotes and escapes. */
  readonly value: string;
  readonly style: LiteralStyle;
}

/** `$X`, `${X}`, `${X:-default}`, `${#X}`, `${!X}`, `$1`, `$@`. */
export interface VariablePart extends PartBase {
  readonly kind: "variable";
  readonly name: string;
  /** As written: `:-`, `-`, `:=`, `:?`, `?`, `:+`, `#`, `##`, `%`, `%%`, `/`, `//`, `:`, `^`, `,`, `@`. */
  readonly operator?: string;
  /** What follows the operator: the default value, the message, the pattern. */
  readonly operand?: Word;
  /** `#` for the length of, `!` for indirect. */
  readonly prefix?: "#" | "!";
  /** The text between brackets of `${list[index]}`. */
  readonly index?: string;
}

/** `$(...)` or backquotes; `direction` is set for `<(...)` and `>(...)`. */
export interface CommandPart extends PartBase {
  readonly kind: "command";
  readonly script: ShellScript;
  readonly direction?: "<" | ">";
}

export interface ArithmeticPart extends PartBase {
  readonly kind: "arithmetic";
  readonly text: string;
  /** The expansions in it; bare names are not listed. */
  readonly parts: readonly WordPart[];
}

/** `${{ ... }}` of a workflow: replaced before any shell sees it, so nothing is known about its text. */
export interface ExpressionPart extends PartBase {
  readonly kind: "expression";
  /** Between the braces, trimmed. */
  readonly text: string;
}

/** `( ... )` after `name=`. */
export interface ArrayPart extends PartBase {
  readonly kind: "array";
  readonly words: readonly Word[];
}

export type WordPart = LiteralPart | VariablePart | CommandPart | ArithmeticPart | ExpressionPart | ArrayPart;

export interface Word {
  /** As written. */
  readonly text: string;
  /** Without quotes, when there is nothing to expand. Globs, `~` and braces stay as they are. */
  readonly value: string | undefined;
  readonly parts: readonly WordPart[];
  /** Every part stands in quotes: expands to exactly one argument. */
  readonly quoted: boolean;
  /** Offsets in the text of the fragment that was parsed. */
  readonly start: number;
  readonly end: number;
  readonly at: Location;
}

export interface Heredoc {
  readonly delimiter: string;
  /** A quoted delimiter: the body is taken as it is. */
  readonly quoted: boolean;
  /** `<<-`: leading tabs are removed. */
  readonly indented: boolean;
  /** What the command reads, before local expansion: tabs of `<<-` and, unless quoted, `\$` escapes are gone. */
  readonly body: Fragment;
  /** Expansions that the local shell makes in the body; empty when the delimiter is quoted. */
  readonly parts: readonly WordPart[];
  readonly terminated: boolean;
  /** When not terminated: a line that was surely meant to end it, but is indented or padded. */
  readonly lookalike?: Location;
}

export interface Redirect {
  /** `>`, `>>`, `<`, `<<`, `<<-`, `<<<`, `>&`, `<&`, `&>`, `&>>`, `>|`, `<>`. */
  readonly op: string;
  readonly target: Word;
  /** As written before the operator; left out when the default. */
  readonly fd?: string;
  readonly heredoc?: Heredoc;
  readonly at: Location;
}

export interface Assignment {
  readonly name: string;
  /** For `name=(...)` a word with one array part. */
  readonly value: Word;
  /** `+=`. */
  readonly append: boolean;
  /** `name[index]=`. */
  readonly indexed: boolean;
  readonly at: Location;
}

/** What joins a command to the next one; `end` before a closing word, `;;`, or the end of the text. */
export type Connector = "&&" | "||" | "|" | "|&" | ";" | "&" | "\n" | "end";

interface Joined {
  readonly connector: Connector;
  /** The pipeline that it belongs to is preceded by `!`. */
  readonly negated: boolean;
  /** Members of one pipeline have the same number within their script. */
  readonly pipeline: number;
  /** Place in its pipeline, from 0. */
  readonly stage: number;
  readonly redirects: readonly Redirect[];
  readonly at: Location;
}

export type ConstructKind =
  | "if"
  | "while"
  | "until"
  | "for"
  | "select"
  | "case"
  | "subshell"
  | "group"
  | "function";

/** A compound command. `connector` and `redirects` are those of the whole. */
export interface Construct extends Joined {
  readonly kind: ConstructKind;
  /** The function's name or the loop's variable. */
  readonly name?: string;
  /** Items of `for`, subject of `case`. */
  readonly words: readonly Word[];
}

/** One step on the way from a script to a command in it. */
export interface Within {
  readonly construct: Construct;
  readonly part: "condition" | "body" | "else";
  /** For a branch of `case`. */
  readonly patterns?: readonly Word[];
}

/** A simple command, or `[[ ... ]]` (name `[[`), or `(( ... ))` (name `((`). */
export interface ShellCommand extends Joined {
  /** The first word; undefined when there are only assignments or redirects. */
  readonly name?: Word;
  /** With the name. */
  readonly words: readonly Word[];
  /** Those before the name. */
  readonly assignments: readonly Assignment[];
  /** Constructs around it, outermost first. */
  readonly within: readonly Within[];
  /** Its place in `ShellScript.commands`. */
  readonly index: number;
  /** The function that it was written in, where it stands in the place of that function's only call. */
  readonly of?: string;
}

export type ShellOptionName = "errexit" | "nounset" | "pipefail" | "xtrace" | "allexport";

/** `set -e` and the like at the top level; on from the command with this index. */
export interface ShellOption {
  readonly name: ShellOptionName;
  readonly on: boolean;
  readonly from: number;
  readonly at: Location;
}

export interface ShellScript {
  /** The text that the offsets of words and parts refer to. For `$(...)` that of the outer script. */
  readonly fragment: Fragment;
  /**
   * All simple commands, also those inside constructs; not those inside `$(...)`. In the order of the text, but a
   * function that is called once and always stands where it is called (`inOrderOfRun`).
   */
  readonly commands: readonly ShellCommand[];
  readonly constructs: readonly Construct[];
  readonly functions: readonly Located<string>[];
  readonly options: readonly ShellOption[];
  /** Text after `#`. Empty for the script of a substitution: the outer script has them. */
  readonly comments: readonly Located<string>[];
  /** Empty for the script of a substitution: the outer script has them. */
  readonly problems: readonly Problem[];
}
