import type { ExpressApp } from "../artifacts/express.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Stack } from "../stack/stack.ts";

/** Lets an application believe the address and the scheme that one proxy sends: behind the line that makes it. */
export function trustOneProxy(stack: Stack, { file, name, at }: ExpressApp): readonly Edit[] | undefined {
  const source = sourceOf(stack, file);
  if (!source) return undefined;
  const start = source.text.lastIndexOf("\n", at.span.start - 1) + 1;
  const made =
    /^([ \t]*)(?:export )?(?:const|let|var) \w+(?:: [\w.]+)? = (?:express|\w+\.default)\(\)(;?)[ \t]*(?=\r?\n)/.exec(
      source.text.slice(start),
    );
  if (!made) return undefined;
  const end = start + made[0].length;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const quote = source.text.split("'").length > source.text.split('"').length ? "'" : '"';
  const text = `${eol}${made[1]}${name}.set(${quote}trust proxy${quote}, 1)${made[2]}`;
  return [{ at: { file, span: { start: end, end } }, text }];
}
