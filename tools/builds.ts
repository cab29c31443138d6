import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { link } from "../src/stack/link.ts";
import { groupBuilds } from "../src/stack/query-build.ts";
import type { Build } from "../src/stack/stack.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";
import { commit, pairsOf, run, shipworthy, standIn, withoutDeployment } from "./whole-repository.ts";

/**
 * Which images of whole repositories can be built, before and after `fix --big-change`, and with the files of `init`
 * where the repository has lost its own: `npm run builds -- [--init] NAME=DIR...`. Prints Markdown with the ends of the
 * logs. Needs an engine; images that it does not have are asked of tools/stand-ins.sh.
 */
const arguments_ = process.argv.slice(2);
const isInit = arguments_.includes("--init");
const pairs = pairsOf(
  arguments_.filter(each => !each.startsWith("--")),
  "npm run builds -- [--init] NAME=DIR...",
);

interface Attempt {
  readonly ok: boolean;
  readonly seconds: number;
  /** The last lines, without anything of this machine. */
  readonly log: string;
}

for (const [name, directory] of pairs) {
  const copy = mkdtempSync(join(tmpdir(), "shipworthy-builds-"));
  try {
    cpSync(resolve(directory), copy, { recursive: true });
    if (isInit) await showInit(name, copy);
    else await showFix(name, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function showFix(name: string, copy: string): Promise<void> {
  commit(copy);
  const before = await buildAll(name, copy);
  const fixed = run("node", [shipworthy, "fix", "--big-change", "--write", "--no-color", copy]);
  console.error(fixed.text.slice(-2_000));
  const after = await buildAll(name, copy);
  console.log(`## ${name}\n\n| image | before | after |\n|---|---|---|`);
  for (const key of new Set([...before.keys(), ...after.keys()]))
    console.log(`| ${key} | ${words(before.get(key))} | ${words(after.get(key))} |`);
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(key), after.get(key)];
    if (old && !old.ok) console.log(`\n${key}, before:\n\n\`\`\`text\n${old.log}\n\`\`\``);
    if (fresh && (!fresh.ok || !old?.ok)) console.log(`\n${key}, after:\n\n\`\`\`text\n${fresh.log}\n\`\`\``);
  }
  console.log();
}

/** Takes the files of the deployment away and writes the stack anew. */
async function showInit(name: string, copy: string): Promise<void> {
  commit(copy);
  withoutDeployment(copy);
  commit(copy);
  const made = run("node", [shipworthy, "init", "--write", "--name", name, copy]);
  console.log(`## ${name}\n\n\`\`\`text\n${made.text.trim().replaceAll(copy, name)}\n\`\`\`\n`);
  const images = await buildAll(name, copy);
  console.log("| image | built |\n|---|---|");
  for (const [key, attempt] of images) console.log(`| ${key} | ${words(attempt)} |`);
  for (const [key, attempt] of images) console.log(`\n${key}:\n\n\`\`\`text\n${attempt.log}\n\`\`\``);
  const report = run("node", [shipworthy, "audit", "--format", "json", copy]);
  const findings = (
    JSON.parse(report.text) as { findings: { severity: string; rule: string; message: string }[] }
  ).findings;
  console.log(`\nThe audit has ${findings.length} findings:\n`);
  for (const finding of findings)
    console.log(`- ${finding.severity} \`${finding.rule}\`: ${finding.message}`);
  console.log();
}

function words(attempt: Attempt | undefined): string {
  if (!attempt) return "-";
  return attempt.ok ? `built in ${attempt.seconds} s` : "**fails**";
}

/** Every image that something in the repository builds from a context of it, one after the other. */
async function buildAll(name: string, copy: string): Promise<Map<string, Attempt>> {
  const stack = await link(openWorkspace(copy));
  const known = stack.builds.filter(
    build =>
      build.context !== undefined && build.contextState === "present" && build.dockerfilePath !== undefined,
  );
  const results = new Map<string, Attempt>();
  for (const [build] of groupBuilds(known, keyOf)) {
    for (const image of basesOf(build)) standIn(image);
    const words = [
      "build",
      "--progress",
      "plain",
      "--tag",
      `builds-${name}`,
      "--file",
      join(copy, build.dockerfilePath!),
    ];
    if (build.target) words.push("--target", build.target.value);
    for (const arg of build.args)
      if (arg.value?.text) words.push("--build-arg", `${arg.name}=${arg.value.text}`);
    const started = Date.now();
    const { ok, text } = run("docker", [...words, join(copy, build.context!)]);
    results.set(keyOf(build), {
      ok,
      seconds: Math.round((Date.now() - started) / 1000),
      log: lastLines(text, copy),
    });
    console.error(`${name} ${keyOf(build)}: ${ok ? "built" : "fails"}`);
    run("docker", ["rmi", `builds-${name}`]);
  }
  return results;
}

function keyOf(build: Build): string {
  const target = build.target ? ` (${build.target.value})` : "";
  return `${build.dockerfilePath}${target} in ${build.context === "" ? "." : build.context}`;
}

function basesOf(build: Build): string[] {
  return (build.dockerfile?.stages ?? []).flatMap(({ from }) =>
    from.parent === undefined && from.resolved !== undefined && from.resolved !== "scratch"
      ? [from.resolved]
      : [],
  );
}

/** The end of a log: what was done last, without times, colours, addresses and places of this machine. */
function lastLines(text: string, copy: string): string {
  const lines = text
    .replaceAll(copy, ".")
    .split("\n")
    .map(line =>
      line
        .replace(/^(#\d+ )?(\d+\.\d+ ?)?/, "")
        .replace(/https?:\/\/[^\s'")]+/g, "(address)")
        .trimEnd(),
    )
    .filter(
      line =>
        line !== "" &&
        !/^(DONE|CACHED|sha256:|writing image|naming to|exporting|transferring|------|npm (notice|warn)|building with| {4}at )/.test(
          line,
        ),
    );
  return lines
    .slice(-6)
    .map(line => line.slice(0, 160))
    .join("\n");
}
