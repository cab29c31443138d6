import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { build } from "esbuild";
import { generated, ruleIds } from "./generate.ts";

process.chdir(new URL("..", import.meta.url).pathname);
for (const path of (await generated()).keys()) mkdirSync(dirname(path), { recursive: true });
rmSync("dist", { recursive: true, force: true });

// Chunks are loaded when a command needs them; native and rarely used packages stay outside the bundle.
await build({
  entryPoints: { shipworthy: "src/cli/main.ts", index: "src/index.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  external: ["oxc-parser"],
  // The package's Node entry is CommonJS and calls require("process"); its other entry is a module.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  // Some bundled packages are CommonJS and ask for Node's own modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
chmodSync("dist/shipworthy.js", 0o755);
for (const id of ruleIds()) cpSync(`src/rules/${id}.md`, `dist/rules/${id}.md`);

// `npm run types` judges the types; here they are only written down.
execFileSync("npx", ["tsc", "--project", "tools/types.json", "--noCheck"], {
  stdio: ["ignore", "inherit", "inherit"],
});
