import type { AppKind } from "./app/detect.ts";
import type { Service } from "./stack.ts";

const pythonKinds: ReadonlySet<AppKind> = new Set(["django", "fastapi", "flask", "python"]);

/** Languages whose files only their own programs run, whatever lies in one directory with them. */
const spoken: readonly (readonly [RegExp, ReadonlySet<AppKind>])[] = [
  [/\.py$/, pythonKinds],
  [/\.php$/, new Set(["laravel", "php"])],
  [/\.rb$/, new Set(["rails", "ruby"])],
  [/\.go$/, new Set(["go"])],
  [/\.(?:java|kt)$/, new Set(["spring", "java"])],
];

/** Whether a program of this kind runs the file, by its language. */
export function speaks(kind: AppKind, file: string): boolean {
  const [, own] = spoken.find(([files]) => files.test(file)) ?? [];
  return own ? own.has(kind) : !pythonKinds.has(kind);
}

const ofTools = /(?:^|\/)(playwright|cypress|jest|vitest|webpack|vite|rollup)(?:\.\w+)?\.config\.[cm]?[jt]s$/;

/** The configuration of a tool that the container does not start. */
export function isToolsOwn({ process }: Service, file: string): boolean {
  const tool = ofTools.exec(file)?.[1];
  const words = (process?.commands ?? []).flat().map(word => word.value ?? "");
  return (
    tool !== undefined &&
    words.some(word => /(?:^|\/)node$/.test(word)) &&
    !words.some(word => word.includes(tool) || /^(?:npm|yarn|pnpm|npx|bun)$/.test(word))
  );
}
