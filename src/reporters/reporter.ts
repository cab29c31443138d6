import type { Report } from "../core/report.ts";

/** What a rule says of itself, for formats that carry a table of rules. */
export interface RuleSummary {
  readonly id: string;
  readonly title: string;
  readonly claim: string;
  readonly severity: string;
  readonly why: string;
}

export interface ReporterOptions {
  readonly color: boolean;
  /** Columns of the terminal; undefined when the text goes elsewhere and is not wrapped. */
  readonly width?: number;
  readonly rules: readonly RuleSummary[];
}

/** A report as text that ends with a line end. */
export type Reporter = (report: Report, options: ReporterOptions) => string;
