import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { drillIds, generated, ruleIds } from "./generate.ts";

process.chdir(new URL("..", import.meta.url).pathname);
for (const path of (await generated()).keys()) mkdirSync(dirname(path), { recursive: true });
rmSync("dist", { recursive: true, force: true });

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // Native: it stays outside the bundle.
  external: ["oxc-parser"],
  // The package's Node entry is CommonJS and calls require("process"); its other entry is a module.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  logLevel: "warning",
};

/** commander can start programs as subcommands; ours never are, and loading what it needs for that takes 2 ms. */
const withoutPrograms: Plugin = {
  name: "without-programs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: "none", namespace: "without-programs" } : undefined,
    );
    onLoad({ filter: /./, namespace: "without-programs" }, () => ({ contents: "module.exports = {};" }));
  },
};

// One script, because a code cache belongs to a script; its modules still run only when they are asked for.
await build({
  ...common,
  entryPoints: ["src/cli/main.ts"],
  plugins: [withoutPrograms],
  outfile: "dist/program.cjs",
  format: "cjs",
  // A script that is compiled from a cache may not import(); Node 20.19 and later can require() modules.
  supported: { "dynamic-import": false },
  // The launcher reads one byte per character; see asAscii.
  charset: "ascii",
  define: { "import.meta.url": "__here" },
  banner: { js: 'const __here=require("node:url").pathToFileURL(__filename).href;' },
});
writeFileSync("dist/program.cjs", asAscii(readFileSync("dist/program.cjs", "utf8")));
const digest = createHash("sha256").update(readFileSync("dist/program.cjs")).digest("hex").slice(0, 20);
await build({
  ...common,
  entryPoints: ["src/cli/launch.ts"],
  outfile: "dist/shipworthy.js",
  // It runs as a module, but an import of node:fs would load its promises and streams for their names alone.
  format: "cjs",
  define: { BUILD: JSON.stringify(digest), "import.meta.url": "__here" },
  banner: {
    js: 'const __here=import.meta.url,require=process.getBuiltinModule("module").createRequire(__here);',
  },
});
await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outdir: "dist",
  splitting: true,
  format: "esm",
  // Some bundled packages are CommonJS and ask for Node's own modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
});
chmodSync("dist/shipworthy.js", 0o755);
for (const id of ruleIds()) cpSync(`src/rules/${id}.md`, `dist/rules/${id}.md`);
for (const id of drillIds()) cpSync(`src/drills/${id}.md`, `dist/drills/${id}.md`);

// `npm run types` judges the types; here they are only written down.
execFileSync("npx", ["tsc", "--project", "tools/types.json", "--noCheck"], {
  stdio: ["ignore", "inherit", "inherit"],
});

/** esbuild escapes what is in texts and leaves patterns as they are: there an escape means the same. */
function asAscii(program: string): string {
  return program.replace(/[^\0-\x7f]/g, (character, offset: number) => {
    if (program[offset - 1] === "\\") throw new Error(`A pattern has a backslash before "${character}".`);
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
