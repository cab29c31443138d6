import type { Severity } from "../core/finding.ts";

/** Colours by meaning. Without colour every function returns its text. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly good: (text: string) => string;
  readonly severity: (severity: Severity) => string;
}

export function styleFor(color: boolean): Style {
  const paint = (code: string) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const severity: Record<Severity, (text: string) => string> = {
    critical: paint("1;37;41"),
    high: paint("1;31"),
    medium: paint("33"),
    low: paint("36"),
  };
  return {
    bold: paint("1"),
    dim: paint("2"),
    bad: paint("31"),
    good: paint("32"),
    severity: level => severity[level](level),
  };
}
