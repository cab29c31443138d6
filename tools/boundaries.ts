import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

/** Folders of one line may import those of the lines above, themselves, and what `alsoMay` adds. */
const layers: readonly (readonly string[])[] = [
  ["core"],
  ["formats"],
  ["artifacts"],
  ["stack"],
  ["remedies"],
  ["claims", "rules", "drills", "operations"],
  ["audit", "fix", "drill", "operate", "config", "pages", "reporters"],
  ["engine", "workspace", "cli", "index"],
];

const alsoMay: Readonly<Record<string, readonly string[]>> = {
  audit: ["config"],
  fix: ["audit", "config"],
  drill: ["config"],
  operate: ["config"],
  cli: ["engine", "workspace"],
  index: ["cli", "engine", "workspace"],
};

/** Folders that may import nothing but these of the project. */
const onlyMay: Readonly<Record<string, readonly string[]>> = { reporters: ["core"] };

/** The runners take rules as an argument, and stay free of the registry. */
const never: Readonly<Record<string, readonly string[]>> = {
  audit: ["rules"],
  fix: ["rules"],
};

const systemModules = ["fs", "child_process", "net", "http", "https", "dgram", "tls", "worker_threads"];
const systemFolders = ["workspace", "engine", "cli"];

/** One door per library. */
const doors: Readonly<Record<string, RegExp>> = {
  yaml: /^formats\/yaml\.ts$/,
  "@lezer/python": /^formats\/python(-tree)?\.ts$/,
  "oxc-parser": /^formats\/javascript\.ts$/,
  commander: /^cli\/main\.ts$/,
  diff: /^fix\/patch\.ts$/,
  valibot: /^config\/schema\.ts$/,
  ignore: /^(formats\/\w*ignore|workspace\/\w+)\.ts$/,
};

export interface BoundaryResult {
  readonly modules: number;
  readonly violations: readonly string[];
}

/** Reads every module under `src` and says which import breaks an arrow, a door or the reach of the system. */
export function checkBoundaries(src: string): BoundaryResult {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .map(path => path.replaceAll("\\", "/"))
    .filter(path => path.endsWith(".ts") && !path.endsWith(".d.ts"));
  const violations: string[] = [];
  let modules = 0;
  for (const file of files) {
    const text = readFileSync(join(src, file), "utf8");
    const imports = importsOf(file, text);
    if (!imports) {
      violations.push(`${file} cannot be read`);
      continue;
    }
    modules++;
    // A reader that sees nothing must not pass for a project without violations.
    if (imports.length === 0 && /^import\s[^;]*from\s/m.test(text))
      violations.push(`${file}: its imports were not seen`);
    if (file.endsWith(".test.ts")) continue;
    for (const wanted of imports) {
      const complaint = judge(file, wanted);
      if (complaint) violations.push(`${file} imports ${wanted}: ${complaint}`);
    }
  }
  if (modules < files.length) violations.push(`only ${modules} of ${files.length} modules were read`);
  if (files.length === 0) violations.push("there are no modules to read");
  return { modules, violations };
}

function importsOf(file: string, text: string): string[] | undefined {
  const { module, errors } = parseSync(file, text);
  if (errors.some(error => error.severity === "Error")) return undefined;
  return [
    ...module.staticImports.map(item => item.moduleRequest.value),
    ...module.staticExports.flatMap(item => item.entries.flatMap(entry => entry.moduleRequest?.value ?? [])),
    ...module.dynamicImports.map(item =>
      text.slice(item.moduleRequest.start, item.moduleRequest.end).slice(1, -1),
    ),
  ];
}

function judge(file: string, wanted: string): string | undefined {
  const from = folderOf(file);
  if (!wanted.startsWith(".")) return judgePackage(file, from, wanted);
  const target = normalize(join(dirname(file), wanted)).replaceAll("\\", "/");
  if (target.startsWith("..")) return "it leaves src";
  const to = folderOf(target);
  if (from === "rules" && to === "rules") {
    // What stands beside the areas, such as the type of a rule, is no rule.
    const isRule = target.split("/").length > 2;
    return isRule && !file.endsWith("registry.generated.ts") ? "a rule imports no rule" : undefined;
  }
  if (from === to) return undefined;
  if (never[from]?.includes(to)) return `${from} takes ${to} as an argument`;
  const only = onlyMay[from];
  if (only) return only.includes(to) ? undefined : `${from} may import ${only.join(", ")} alone`;
  if (alsoMay[from]?.includes(to)) return undefined;
  const [low, high] = [layerOf(to), layerOf(from)];
  if (low === -1 || high === -1) return `${low === -1 ? to : from} has no layer`;
  return low < high ? undefined : `${from} stands below or beside ${to}`;
}

function judgePackage(file: string, from: string, wanted: string): string | undefined {
  if (wanted.startsWith("node:")) {
    const name = wanted.slice("node:".length).split("/")[0]!;
    if (!systemModules.includes(name) || systemFolders.includes(from)) return undefined;
    return `${wanted} belongs to ${systemFolders.join(", ")}`;
  }
  if (from === "core") return "core has no dependency";
  const name = wanted.startsWith("@") ? wanted.split("/").slice(0, 2).join("/") : wanted.split("/")[0]!;
  // Types alone leave nothing in the program.
  if (name === "sarif") return from === "reporters" ? undefined : "only reporters know SARIF";
  const door = doors[name];
  if (!door) return `${name} has no door: name one in tools/boundaries.ts`;
  return door.test(file) ? undefined : `the door of ${name} is another module`;
}

function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? path.replace(/\.ts$/, "") : path.slice(0, slash);
}

function layerOf(folder: string): number {
  return layers.findIndex(layer => layer.includes(folder));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const src = fileURLToPath(new URL("../src", import.meta.url));
  const { modules, violations } = checkBoundaries(src);
  for (const violation of violations) console.error(`src/${violation}`);
  console.log(
    `${modules} modules of ${relative(process.cwd(), src) || "src"} read, ${violations.length} violations`,
  );
  process.exitCode = violations.length > 0 ? 1 : 0;
}
