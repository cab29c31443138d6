import { claims } from "../claims/claims.ts";
import { rules } from "../rules/registry.generated.ts";
import { write } from "./output.ts";

/** `shipworthy rules`. */
export function rulesCommand(json: boolean): void {
  const rows = rules.map(({ id, title, claim, severity, why }) => ({ id, title, claim, severity, why }));
  print(json ? JSON.stringify(rows, null, 2) : columns(rows.map(row => [row.id, row.severity, row.title])));
}

/** `shipworthy claims`. */
export function claimsCommand(json: boolean): void {
  const rows = claims.map(claim => ({
    ...claim,
    rules: rules.filter(rule => rule.claim === claim.id).map(rule => rule.id),
  }));
  print(json ? JSON.stringify(rows, null, 2) : columns(rows.map(row => [row.id, row.weight, row.promise])));
}

function print(text: string): void {
  write(process.stdout, `${text}\n`);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map(row => row[index]!.length)));
  return rows
    .map(row =>
      row
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
