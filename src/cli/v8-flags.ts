/**
 * What V8 is told before an audit, for V8's version as in `process.versions.v8` ("11.3.244.8-node.33").
 *
 * An audit is over before optimised code pays for its making: on Node 20 a third of all processor time went there. Nor
 * do its patterns pay for being compiled twice, first to be interpreted and then, at their second text, to run: another
 * tenth. From V8 12 on (Node 22) the first flag has gone, and an unknown flag is an error on every run's screen.
 */
export function auditFlags(v8: string): readonly string[] {
  return Number.parseInt(v8, 10) < 12 ? ["--interrupt-budget=1000000", "--no-regexp-tier-up"] : [];
}
