import { dirname, inside, join } from "../core/path.ts";
import type { MissingSource } from "./image/copy-sources.ts";
import { sourcePath } from "./image/copy-sources.ts";
import type { Build, Stack } from "./stack.ts";

/**
 * Copies of `node_modules/.prisma` from a stage that installs with pnpm. Prisma generates its client beside
 * `@prisma/client`, which pnpm keeps below `node_modules/.pnpm`: the directory is nowhere else, unless packages are
 * hoisted or the schema names it.
 */
export function missingPrismaClients(stack: Stack, { dockerfile, model, context }: Build): MissingSource[] {
  if (!dockerfile || !model || context === undefined) return [];
  const copies = model.stage.copies.flatMap(copy =>
    copy.sources.map(source => ({ source, copy, path: sourcePath(copy, source.value) })),
  );
  return copies.flatMap(({ source, copy, path }) => {
    const { fromStage } = copy;
    if (fromStage === undefined || !/\/node_modules\/\.prisma(?:\/client)?$/.test(path)) return [];
    const runs = stagesOf(dockerfile.stages, fromStage).flatMap(stage =>
      stage.runs.map(run => run.fragment.text),
    );
    const installs = runs.some(text => /\bpnpm\b[^&|;]*\s(?:install|i|ci|fetch)\b/.test(text));
    const others = runs.some(
      text =>
        /(?:^|[\s;&|])(?:npm|yarn|bun)\s+(?:install|ci|i|--)(?=\s|$)(?!\s+(?:-g|--global))/.test(text) ||
        /\.prisma\b|hoist|node-linker|node_linker/i.test(text),
    );
    if (!installs || others || isHoisted(stack, context) || isNamed(stack, context)) return [];
    return [{ source, copy, path, reason: "absent" as const, fromStage }];
  });
}

type Stages = NonNullable<Build["dockerfile"]>["stages"];

/** The stage, and those that it starts from or takes packages of. */
function stagesOf(stages: Stages, index: number, seen = new Set<number>()): Stages[number][] {
  const stage = stages[index];
  if (!stage || seen.has(index)) return [];
  seen.add(index);
  const before = [stage.from.parent, ...stage.copies.map(copy => copy.fromStage)];
  return [stage, ...before.flatMap(each => (each === undefined ? [] : stagesOf(stages, each, seen)))];
}

function isHoisted(stack: Stack, context: string): boolean {
  return [".npmrc", "pnpm-workspace.yaml", ".pnpmfile.cjs", "package.json"].some(name => {
    const read = stack.files.read(join(context, name));
    return "source" in read && /hoist|node-?linker|\.prisma/i.test(read.source.text);
  });
}

/** A schema, or a script that generates, writes into the directory. */
function isNamed(stack: Stack, context: string): boolean {
  return stack.files.paths.some(path => {
    if (!/\.prisma$|(?:^|\/)package\.json$/.test(path) || /(?:^|\/)node_modules\//.test(path)) return false;
    if (context !== "" && inside(context, dirname(path)) === undefined) return false;
    const read = stack.files.read(path);
    return "source" in read && /node_modules\/\.prisma/.test(read.source.text);
  });
}
