import type { Problem } from "../core/problem.ts";
import type { Location, Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import { evaluateJs, jsScope } from "./javascript-values.ts";
import { exportedObject } from "./next.ts";
import { hasFile, type ProjectFiles } from "./project-files.ts";
import { entryOf, type SettingValue, settingValue } from "./value.ts";

/** What vite.config.* says about the bundle. */
export interface ViteConfig {
  readonly file: string;
  readonly complete: boolean;
  readonly base?: SettingValue;
  /** Only a value that can be told; `dist` when not set. */
  readonly outDir?: SettingValue;
  /** Variables with these beginnings reach the browser; `VITE_` when not set. */
  readonly envPrefix?: SettingValue;
  /** Names replaced at build time. */
  readonly define: readonly { readonly name: string; readonly value: SettingValue }[];
  /** Only in development: `server.proxy` does nothing in a built bundle. */
  readonly proxies: readonly { readonly path: string; readonly at: Location }[];
  readonly problems: readonly Problem[];
}

const names = ["ts", "js", "mjs", "mts", "cjs"].map(ending => `vite.config.${ending}`);

export function viteConfigFile(files: ProjectFiles, dir: string): string | undefined {
  const prefix = dir === "" ? "" : `${dir}/`;
  return names.map(name => prefix + name).find(path => hasFile(files, path));
}

export function readViteConfig(source: Source): ViteConfig {
  const { model, problems } = parseJavascript(source);
  const exported = exportedObject(model);
  if (!exported) return { file: source.path, complete: false, define: [], proxies: [], problems };
  const object = evaluateJs(exported.value, jsScope(model));
  const setting = (...path: string[]) => {
    const value = entryOf(object, ...path);
    return value && settingValue(value);
  };
  const base = setting("base");
  const outDir = setting("build", "outDir");
  const envPrefix = setting("envPrefix");
  const define = entryOf(object, "define");
  const proxy = entryOf(object, "server", "proxy");
  return {
    file: source.path,
    complete: exported.complete,
    ...(base && { base }),
    ...(outDir && { outDir }),
    ...(envPrefix && { envPrefix }),
    define:
      define?.kind === "dict"
        ? define.entries.map(each => ({ name: each.key, value: settingValue(each.value) }))
        : [],
    proxies: proxy?.kind === "dict" ? proxy.entries.map(each => ({ path: each.key, at: each.value.at })) : [],
    problems,
  };
}
