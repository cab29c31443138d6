import { isMap, isScalar, parseDocument, visit } from "yaml";
import type { Form } from "./form.ts";

const commands = /(?:\.sh|(?:^|\/)makefile|\.mk|\.github\/workflows\/[^/]+\.ya?ml|\.gitlab-ci\.yml)$/i;
const scripts = /\.sh$/;
const workflows = /\.github\/workflows\/[^/]+\.ya?ml$/;

/** Every line is changed that is outside of a here-document and no continuation of the one before. */
export function lines(change: (line: string) => string): Form["rewrite"] {
  return text => (/<<-?\s*['"]?\w/.test(text) ? text : text.split("\n").map(change).join("\n"));
}

/** `command || exit 1` on a line of its own. */
const guarded = /^([ \t]*)((?!if\b|#)[^|&;#'"`$(){}\\]+?) \|\| exit 1$/;

function printed(change: (text: string) => string | undefined): Form["rewrite"] {
  return text => {
    if (/^---|^\t/m.test(text)) return text;
    const document = parseDocument(text, { uniqueKeys: false });
    if (document.errors.length > 0) return text;
    visit(document, {
      Pair(_, pair) {
        if (!isScalar(pair.key) || pair.key.value !== "run" || !isScalar(pair.value)) return;
        const changed = typeof pair.value.value === "string" ? change(pair.value.value) : undefined;
        if (changed === undefined) return;
        pair.value.value = changed;
        pair.value.type = "BLOCK_LITERAL";
      },
    });
    return isMap(document.contents) ? document.toString({ lineWidth: 0 }) : text;
  };
}

/** Other ways to give the same commands, in scripts, Makefiles and workflows. */
export const commandForms: readonly Form[] = [
  {
    name: "docker compose with a hyphen",
    // On GitHub's runners the hyphen has been gone since 2024.
    applies: /(?:\.sh|(?:^|\/)makefile|\.mk)$/i,
    rewrite: text =>
      text.replace(
        /\bdocker compose (?=-|up\b|down\b|pull\b|exec\b|run\b|build\b|ps\b|logs\b|restart\b|stop\b)/g,
        "docker-compose ",
      ),
  },
  {
    name: "docker-compose with a blank",
    applies: commands,
    rewrite: text =>
      text.replace(
        /(?<![\w/.-])docker-compose (?=-|up\b|down\b|pull\b|exec\b|run\b|build\b|ps\b|logs\b|restart\b|stop\b)/g,
        "docker compose ",
      ),
  },
  {
    name: "--file instead of -f",
    applies: commands,
    rewrite: text =>
      text.replace(/\b(docker[ -]compose(?: --?[\w-]+(?:[ =][\w./-]+)?)*?) -f (?=[\w./-]+)/g, "$1 --file "),
  },
  {
    name: "the Compose file in quotes",
    applies: scripts,
    rewrite: lines(line =>
      /["']/.test(line) ? line : line.replace(/\bcompose -f ([\w./-]+)/g, 'compose -f "$1"'),
    ),
  },
  {
    name: "--detach instead of -d",
    applies: commands,
    rewrite: text => text.replace(/\b(compose\b[^\n|&;#]*? up) -d\b/g, "$1 --detach"),
  },
  {
    name: "Compose with sudo",
    applies: scripts,
    rewrite: lines(line => line.replace(/^([ \t]*)(?=docker[ -]compose )/, "$1sudo ")),
  },
  {
    name: "a command over two lines",
    applies: /(?:\.sh|\.github\/workflows\/[^/]+\.ya?ml)$/,
    rewrite: text =>
      text.replace(
        /^([ \t]*)(docker[ -]compose(?: -f [\w./-]+)*) (up|exec|pull|run|down)\b(?=[^\n\\]*$)/gm,
        "$1$2 \\\n$1  $3",
      ),
  },
  {
    name: "a condition instead of ||",
    applies: scripts,
    rewrite: lines(line => line.replace(guarded, "$1if ! $2; then\n$1  exit 1\n$1fi")),
  },
  {
    name: "backquotes",
    applies: scripts,
    rewrite: lines(line =>
      /[`'\\]|\$\(\(|\$\([^)]*\$\(/.test(line) ? line : line.replace(/\$\(([^()"$]+)\)/g, "`$1`"),
    ),
  },
  {
    name: "a dot instead of source",
    applies: scripts,
    rewrite: lines(line => line.replace(/^([ \t]*)source (?=[\w./"$])/, "$1. ")),
  },
  { name: "workflows, printed anew", applies: workflows, rewrite: printed(() => undefined) },
  {
    name: "steps as a block",
    applies: workflows,
    rewrite: printed(text => (text.includes("\n") ? undefined : `${text}\n`)),
  },
];
