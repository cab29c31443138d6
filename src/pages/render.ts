/** A page for a terminal: headings and evidence stand out, fences become indented text. Without colour, as written. */
export function renderPage(page: string, color: boolean): string {
  if (!color) return page;
  let fenced = false;
  return page
    .split("\n")
    .map(line => {
      if (/^```/.test(line)) {
        fenced = !fenced;
        const name = line.replace(/^`+\S*\s*/, "");
        return fenced && name !== "" ? paint("2", `    ${name}`) : "";
      }
      if (fenced) return /^\s*\^+/.test(line) ? paint("31", `    ${line}`) : `    ${line}`;
      if (/^#+ /.test(line)) return paint("1", line.replace(/^#+ /, ""));
      return line.replace(/`([^`]+)`/g, (_, code: string) => paint("36", code));
    })
    .join("\n");
}

function paint(code: string, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}
