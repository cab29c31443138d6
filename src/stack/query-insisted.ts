import { isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { lacksDotenv } from "./query-dotenv.ts";
import { placeOf, runningCommand } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs that end when there is no `.env` beside them, whatever their environment holds. */

export interface Insisted {
  readonly at: Location;
  /** "ends when godotenv finds no .env" */
  readonly shows: string;
}

/** Where a service insists on a `.env` that surely is not in its container. */
export function insistedFile(stack: Stack, service: Service): Insisted | undefined {
  const found = byOption(service) ?? inCode(stack, service);
  return found && lacksDotenv(stack, service, true) ? found : undefined;
}

/** `node --env-file=.env`: Node.js refuses to start without the file. */
function byOption(service: Service): Insisted | undefined {
  const running = runningCommand(service);
  const argv = service.process?.argv;
  if (!running || !argv?.length || basename(running.words[0] ?? "") !== "node") return undefined;
  const line = running.words.map(word => word ?? "?").join(" ");
  return /\s--env-file[= ](?:\.\/)?\.env(?=\s)/.test(line)
    ? { at: running.script?.at ?? placeOf(argv), shows: "Node.js ends when there is no .env" }
    : undefined;
}

const fatal = String.raw`(?:(?:log|slog|logger|fmt)\.\w+\([^\n]*\n\s*)?(?:log\.(?:Fatal|Panic)\w*\(|panic\(|os\.Exit\()`;
const forms: readonly (readonly [AppComponent["kind"], string, RegExp, string])[] = [
  [
    "go",
    ".go",
    new RegExp(
      String.raw`\bgodotenv\.(?:Load|Overload)\(\s*(?:"(?:\.\/)?\.env"\s*)?\)\s*(?:;\s*err\s*!=\s*nil|\n\s*if\s+err\s*!=\s*nil)\s*\{\s*${fatal}`,
    ),
    "the program ends when godotenv finds no .env",
  ],
  [
    "go",
    ".go",
    new RegExp(
      String.raw`\bviper\.SetConfigFile\(\s*"(?:\.\/)?\.env"\s*\)[\s\S]{0,300}?\bviper\.ReadInConfig\(\)\s*(?:;\s*err\s*!=\s*nil|\n\s*if\s+err\s*!=\s*nil)\s*\{\s*${fatal}`,
    ),
    "the program ends when viper finds no .env",
  ],
  [
    "rust",
    ".rs",
    /\bdotenvy?(?:::dotenv)?\(\)\s*\.(?:expect|unwrap)\(/,
    "the program ends when dotenv finds no .env",
  ],
];
/** Only somewhere, or only where the file is there. */
const conditional = /\bGetenv\(|\bos\.Stat\(|\bLookupEnv\(|\bdebug_assertions\b|\benv::var\(/;

function inCode(stack: Stack, { component }: Service): Insisted | undefined {
  const own = forms.filter(([kind]) => kind === component?.kind);
  if (!component || own.length === 0) return undefined;
  const paths = ownFiles(stack.files, component.dir).filter(
    path => own.some(([, ending]) => path.endsWith(ending)) && !isTest(path) && !isVendored(path),
  );
  // Which of several programs a service runs is not looked into.
  const mains = paths.filter(path => /(?:^|\/)main\.(?:go|rs)$/.test(path));
  if (paths.length > 600 || mains.length > 1) return undefined;
  for (const path of paths) {
    const read = stack.files.read(path);
    if (!("source" in read) || !/dotenv|viper/.test(read.source.text)) continue;
    const text = read.source.text.replace(/\/\/[^\n]*/g, each => " ".repeat(each.length));
    for (const [, , form, shows] of own) {
      const found = form.exec(text);
      if (!found || conditional.test(text.slice(Math.max(0, found.index - 250), found.index))) continue;
      const end = found.index + (found[0].indexOf("\n") === -1 ? found[0].length : found[0].indexOf("\n"));
      return { at: locate(read.source, found.index, end), shows };
    }
  }
  return undefined;
}
