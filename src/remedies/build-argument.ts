import type { Stage } from "../artifacts/dockerfile.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { entriesOf, pairOf } from "../formats/yaml.ts";
import { addItem, addPair, isShared, lineStartOf, scalarText } from "../formats/yaml-edit.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";
import { ownPair } from "./service-edit.ts";

/** What makes a browser bundle. */
const bundling = /\b(?:run|next|vite|yarn|pnpm|bun|nx|turbo|react-scripts)\s[^\n]*build\b/;

/**
 * Gives a build the values that a service gets when it starts, as arguments that its Dockerfile takes before it makes
 * the bundle. Undefined where the value does not stand in the service itself, and where no step is seen to bundle.
 */
export function asBuildArguments(
  stack: Stack,
  service: Service,
  variables: readonly Variable[],
): readonly Edit[] | undefined {
  const declared = declaredBeforeBundling(
    stack,
    service,
    variables.map(each => each.name),
  );
  const given = declared && alsoForBuild(stack, service, variables);
  return given && [...given, declared];
}

/** The same without the Dockerfile, which takes the values already. */
export function alsoForBuild(
  stack: Stack,
  service: Service,
  variables: readonly Variable[],
): readonly Edit[] | undefined {
  const values = variables.map(({ name, value, from, at }) =>
    from === "environment" && value !== undefined && at.file === service.at.file
      ? { name, value: value.raw }
      : undefined,
  );
  return values.every(each => each !== undefined) ? giveToBuild(stack, service, values) : undefined;
}

function giveToBuild(
  stack: Stack,
  service: Service,
  values: readonly { readonly name: string; readonly value: string }[],
): readonly Edit[] | undefined {
  const source = sourceOf(stack, service.at.file);
  const pair = ownPair(stack, service, "build");
  if (!source || !pair) return undefined;
  const lines = values.map(({ name, value }) => `${name}: ${scalarText(value)}`);
  const { value: build } = pair;
  if (build.kind === "scalar") {
    const { start } = pair.key.at.span;
    const indent = " ".repeat(start - lineStartOf(source, start));
    const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
    const written = source.text.slice(build.at.span.start, build.at.span.end);
    const text = [`context: ${written}`, "args:", ...lines.map(line => `  ${line}`)]
      .map(line => `${eol}${indent}  ${line}`)
      .join("");
    return [
      { at: { file: source.path, span: { start: pair.key.at.span.end + 1, end: build.at.span.end } }, text },
    ];
  }
  if (build.kind !== "map") return undefined;
  const args = pairOf(build, "args");
  if (!args) {
    const added = addPair(
      source,
      build,
      ["args:", ...lines.map(line => `  ${line}`)],
      ["context", "dockerfile"],
    );
    return added && [added];
  }
  if (isShared(source, args.value) || args.value.at.file !== source.path) return undefined;
  const edits = values.map(({ name, value }, index) => {
    if (args.value.kind === "seq") return addItem(source, args.value, scalarText(`${name}=${value}`));
    return args.value.kind === "map" && entriesOf(args.value).length > 0
      ? addPair(source, args.value, [lines[index]!])
      : undefined;
  });
  return edits.every(edit => edit !== undefined) ? edits : undefined;
}

/** `ARG` lines above the step that makes the bundle: earlier steps stay in the cache when a value changes. */
function declaredBeforeBundling(stack: Stack, service: Service, names: readonly string[]): Edit | undefined {
  const stages: readonly Stage[] =
    service.model?.built.map(image => image.stage) ?? service.build?.dockerfile?.stages ?? [];
  const run = stages.flatMap(stage => stage.runs).find(step => bundling.test(step.fragment.text));
  const source = run && sourceOf(stack, run.at.file);
  if (!source) return undefined;
  const start = lineStartOf(source, run.at.span.start);
  if (source.text.slice(start, run.at.span.start).trim() !== "") return undefined;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  return {
    at: { file: source.path, span: { start, end: start } },
    text: names.map(name => `ARG ${name}${eol}`).join(""),
  };
}
