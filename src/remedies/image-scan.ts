import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import { child, entriesOf, itemsOf, pairOf, textOf, type YamlMap, type YamlPair } from "../formats/yaml.ts";
import { lineStartOf, rootOf } from "../formats/yaml-edit.ts";
import { yamlScalar } from "../formats/yaml-text.ts";
import type { PlacedCall, Stack } from "../stack/stack.ts";
import { actions } from "./action-commits.ts";

/** What a second build of the same image does otherwise: it stays on the runner, under a name of its own. */
const ofPush = new Set(["push", "tags", "labels", "annotations", "cache-to", "load", "provenance", "sbom"]);
const local = "scanned:${{ github.sha }}";

/**
 * Looks for known holes in each image before it is pushed, in the job that pushes it. Undefined where one of the pushes
 * cannot be preceded: several platforms in one build, a push in the middle of a script, other platforms than GitHub.
 */
export function scanBeforePush(stack: Stack, pushes: readonly PlacedCall[]): Fix | undefined {
  const edits: Edit[] = [];
  const seen = new Set<string>();
  for (const { call, caller } of pushes) {
    const source = sourceOf(stack, caller.file);
    const step =
      caller.workflow?.platform === "github" && source ? stepAt(source, call.at.span.start) : undefined;
    const edit = source && step && beforeStep(source, step);
    if (!edit) return undefined;
    const place = `${edit.at.file}:${edit.at.span.start}`;
    if (!seen.has(place)) edits.push(edit);
    seen.add(place);
  }
  return edits.length === 0
    ? undefined
    : {
        title: "Look for known holes in each image before it is pushed",
        grade: "big-change",
        edits,
        test: "Push a branch and read what Trivy finds: from now on a hole of high or critical weight for which there is a repair stops the release.",
        afterwards:
          "Agree who raises the version when a release is stopped, and put holes that do not concern you into .trivyignore with the reason.",
      };
}

function stepAt(source: Source, at: number): YamlMap | undefined {
  const steps = entriesOf(child(rootOf(source), "jobs")).flatMap(job => itemsOf(child(job.value, "steps")));
  const step = steps.find(each => each.at.span.start <= at && at < each.at.span.end);
  return step?.kind === "map" && !step.flow && step.at.file === source.path ? step : undefined;
}

function beforeStep(source: Source, step: YamlMap): Edit | undefined {
  const start = lineStartOf(source, step.at.span.start);
  const dash = /^( *)-( +)$/.exec(source.text.slice(start, step.at.span.start));
  if (!dash) return undefined;
  const indent = dash[1]! + " ".repeat(1 + dash[2]!.length);
  const steps = stepsBefore(source, step);
  if (!steps) return undefined;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const blocks = steps.map(each =>
    each.map((line, index) => (index === 0 ? `${dash[1]}-${dash[2]}${line}` : `${indent}${line}`)).join(eol),
  );
  const note = `${dash[1]}# A hole that is known and has a repair stops the release here.${eol}`;
  // Where steps stand apart, these do.
  const gap = /\n[ \t]*\r?\n$/.test(source.text.slice(0, start)) ? eol + eol : eol;
  const text = note + blocks.map(block => block + gap).join("");
  return { at: { file: source.path, span: { start, end: start } }, text };
}

/** Lines of the steps, without indentation: the first one follows the dash. */
function stepsBefore(source: Source, step: YamlMap): readonly (readonly string[])[] | undefined {
  const condition = pairOf(step, "if");
  const onlyIf = condition ? [textIn(source, condition)] : [];
  if (onlyIf.some(text => text.includes("\n"))) return undefined;
  const run = textOf(child(step, "run"))?.value.trim();
  if (run !== undefined) {
    const image = /^docker (?:image )?push ((?:[\w./:@-]|\$\{\{[^}]*\}\})+)$/.exec(run)?.[1];
    return image === undefined ? undefined : [[...scan(image, onlyIf)]];
  }
  const uses = pairOf(step, "uses");
  const settings = pairOf(step, "with");
  if (!uses || !settings || settings.value.kind !== "map" || settings.value.flow) return undefined;
  if (!textOf(uses.value)?.value.startsWith("docker/build-push-action@")) return undefined;
  const platforms = textOf(child(step, "with", "platforms"))?.value ?? "";
  if (/[,\n]|\$/.test(platforms) || pairOf(settings.value, "outputs")) return undefined;
  const kept = settings.value.entries.filter(pair => !ofPush.has(pair.key.value ?? ""));
  const copied = kept.map(pair => reindented(source, pair));
  if (copied.some(lines => lines === undefined)) return undefined;
  const build = [
    "name: Build the image for the scan",
    `${textIn(source, uses)}${commentAfter(source, uses)}`,
    ...onlyIf,
    "with:",
    ...copied.flatMap(lines => lines!.map(line => `  ${line}`)),
    "  load: true",
    `  tags: ${local}`,
  ];
  return [build, scan(local, onlyIf)];
}

function scan(image: string, onlyIf: readonly string[]): readonly string[] {
  return [
    "name: Look for known holes",
    `uses: ${actions.scan}`,
    ...onlyIf,
    "with:",
    `  image-ref: ${image.includes("${{") ? image : yamlScalar(image)}`,
    "  severity: HIGH,CRITICAL",
    "  ignore-unfixed: true",
    '  exit-code: "1"',
  ];
}

function textIn(source: Source, { at }: YamlPair): string {
  return source.text.slice(at.span.start, at.span.end).trimEnd();
}

/** The version that a pinned action stands for. What else is remarked there is said of the step that stays. */
function commentAfter(source: Source, { at }: YamlPair): string {
  const version = /^[ \t]*(#[ \t]*v?\d[\w.+-]*)[ \t]*(?:\r?\n|$)/.exec(source.text.slice(at.span.end))?.[1];
  return version === undefined ? "" : ` ${version}`;
}

/** The lines of a pair, with what stands before its key taken off each further one. */
function reindented(source: Source, pair: YamlPair): readonly string[] | undefined {
  const column = pair.at.span.start - lineStartOf(source, pair.at.span.start);
  const lines = textIn(source, pair).split(/\r?\n/);
  const indented = lines.slice(1).every(line => line.trim() === "" || /^ */.exec(line)![0].length >= column);
  return indented ? [lines[0]!, ...lines.slice(1).map(line => line.slice(column))] : undefined;
}
