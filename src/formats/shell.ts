/**
 * Shell syntax (POSIX sh and Bash): commands, words and their places. Meaning is in artifacts/commands.
 * An own scanner: see docs/adr/0004-own-shell-scanner.md.
 */
export type * from "./shell-model.ts";
export { optionAt } from "./shell-options.ts";
export { parseShell } from "./shell-parser.ts";
export { expressionEnd } from "./shell-text.ts";
export * from "./shell-variables.ts";
export * from "./shell-walk.ts";
