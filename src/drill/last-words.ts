/** Why a program ended is mostly what it said last, and sometimes an error further up that a supervisor talks over. */
const lookedAt = 80;
const shown = 3;

/** An exception by its name, or what a runtime cannot go on without. */
const telling =
  /^\s*(?:[\w.-]+ *\| *)?(?:[A-Za-z_][\w.]*(?:Error|Exception|Misconfigured|ConfigurationError)\b.*|Error: .+|.*\b(?:FATAL|PANIC|Cannot find module|ERR_[A-Z_]+)\b.*)$/;

/** The lines of a log to ask for. */
export const tail = lookedAt;

/** `text`: the end of a log, oldest first. Empty for nothing said. */
export function lastWords(text: string): string {
  const all = text
    .split("\n")
    .map(line => line.trimEnd())
    .filter(line => line !== "");
  const lines = all.filter((line, index) => line !== all[index - 1]);
  const last = lines.slice(-shown);
  const cause = last.some(line => telling.test(line))
    ? undefined
    : lines.findLast(line => telling.test(line));
  return [...(cause === undefined ? [] : [cause.trim().slice(0, 300)]), last.join("\n").slice(-400)].join(
    "\n",
  );
}
