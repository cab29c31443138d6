/**
 * Times the audit against its floor and its peers, all in one interleaved run, and prints ratios.
 *
 *   npm run bench [-- DIR...] [--rounds N] [--all] [--no-peers] [--only cold,compose,surface,big,linear] [--json]
 *
 * The peers are installed into bench/.cache (not in git). --all adds checkov, which is big.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Subject, Timing } from "./measure.ts";
import { interleaved } from "./measure.ts";
import type { Peers } from "./peers.ts";
import { installed } from "./peers.ts";
import type { Section } from "./table.ts";
import { markdown } from "./table.ts";
import { bigTree, composeOnly, copies, surfaceOf } from "./trees.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cli = join(root, "dist", "shipworthy.js");
const empty = "empty Node program";

interface Setting {
  readonly directories: readonly string[];
  readonly rounds: number;
  readonly peers: Peers;
  /** A scratch directory that is removed at the end. */
  readonly scratch: string;
}

const audit = (name: string, directory: string): Subject => ({
  name,
  argv: [process.execPath, cli, "audit", directory, "--format", "json", "--fail-on", "never"],
  fine: [0, 3],
});

function program(scratch: string, file: string, text: string): readonly [string, string] {
  const path = join(scratch, file);
  writeFileSync(path, text);
  return [process.execPath, path];
}

const emptyProgram = ({ scratch }: Setting): Subject => ({
  name: empty,
  argv: program(scratch, "empty.mjs", ""),
});

function cold(setting: Setting): Section {
  const subjects = [
    emptyProgram(setting),
    ...setting.directories.map(one => audit(`shipworthy audit ${basename(one)}`, one)),
  ];
  const notes = ["Promise: at most 3 times the empty program for one repository."];
  return { title: "Cold start", against: empty, rows: interleaved(subjects, setting.rounds), notes };
}

/** Each directory by itself; a peer that cannot read one is not left out, its row says so. */
function compose(setting: Setting): readonly Section[] {
  return setting.directories.flatMap((directory, index) => {
    const target = join(setting.scratch, `compose-${index}`);
    mkdirSync(target);
    const surface = composeOnly(surfaceOf(directory), target);
    if (surface.compose.length === 0) return [];
    const own = "shipworthy audit";
    const subjects = [audit(own, target), ...peersOn(setting, ["dclint", "compose-lint"], surface)];
    const count = `${surface.compose.length} Compose file${surface.compose.length === 1 ? "" : "s"} of ${basename(directory)}`;
    const notes = ["Promise: faster than both."];
    return [
      { title: `Compose alone: ${count}`, against: own, rows: interleaved(subjects, setting.rounds), notes },
    ];
  });
}

function surfaces(setting: Setting): readonly Section[] {
  return setting.directories.map(directory => {
    const own = "shipworthy audit, all of it";
    const names = setting.peers.there.map(peer => peer.name);
    const subjects = [audit(own, directory), ...peersOn(setting, names, surfaceOf(directory))];
    const rows = interleaved(subjects, setting.rounds);
    const read = rows.slice(1).filter(row => row.failed === undefined);
    const together = read.reduce((sum, row) => sum + row.median, 0);
    const ratio = (together / (rows[0]?.median ?? Number.NaN)).toFixed(1);
    const notes = [
      `The ${read.length} peers that ran, one after the other, each on the files it reads: ${ratio} times one audit.`,
      ...setting.peers.absent.map(one => `Not measured: ${one.name} (${one.why}).`),
    ];
    return { title: `Whole surface: ${basename(directory)}`, against: own, rows, notes };
  });
}

function peersOn(
  { peers }: Setting,
  names: readonly string[],
  surface: ReturnType<typeof surfaceOf>,
): readonly Subject[] {
  return peers.there.flatMap(peer => {
    const argv = names.includes(peer.name) ? peer.argv(surface) : undefined;
    return argv === undefined
      ? []
      : [{ name: `${peer.name} ${peer.version}`, argv, cwd: surface.root, fine: peer.fine }];
  });
}

function big(setting: Setting): Section {
  const tree = join(setting.scratch, "big");
  const deployable = bigTree(tree, 50_000, 40);
  const tiny = join(setting.scratch, "tiny");
  mkdirSync(tiny);
  writeFileSync(join(tiny, "compose.yml"), "services:\n  web:\n    image: nginx:1.30\n");
  const list = join(setting.scratch, "deployable.json");
  writeFileSync(list, JSON.stringify(deployable));
  const floor = "list 50,000 files, read 200";
  const baseline = `import { readFileSync, readdirSync } from "node:fs";
const walk = directory => { for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) walk(directory + "/" + entry.name); };
walk(${JSON.stringify(tree)});
for (const file of JSON.parse(readFileSync(${JSON.stringify(list)}, "utf8"))) readFileSync(file, "utf8");
`;
  const rows = interleaved(
    [
      emptyProgram(setting),
      { name: floor, argv: program(setting.scratch, "baseline.mjs", baseline) },
      audit("shipworthy audit of one small file", tiny),
      audit("shipworthy audit of that tree", tree),
    ],
    Math.min(setting.rounds, 5),
  );
  return {
    title: "A tree of 50,000 files, 200 of them deployable",
    against: floor,
    rows,
    notes: bigNotes(rows),
  };
}

function bigNotes(rows: readonly Timing[]): readonly string[] {
  const [nothing, listing, start, whole] = rows.map(row => row.median);
  if (nothing === undefined || listing === undefined || start === undefined || whole === undefined) return [];
  const allowed = 2 * (listing - nothing) + start;
  return [
    `Promise: at most twice the listing and reading plus the cold start, ${allowed.toFixed(0)} ms here; it took ${(whole / allowed).toFixed(2)} times that.`,
    `Promise: under 250 MB; the peak was ${rows[3]?.peakMb?.toFixed(0) ?? "not measured"} MB.`,
  ];
}

function linear(setting: Setting): Section {
  const counts = [10, 20, 40];
  const subjects = counts.map(count => {
    const home = join(setting.scratch, `linear-${count}`);
    copies(home, join(root, "examples", "harbour"), count);
    return audit(`${count} repositories`, home);
  });
  const rows = interleaved(subjects, Math.min(setting.rounds, 5));
  const [ten, twenty, forty] = rows.map(row => row.median);
  const notes =
    ten === undefined || twenty === undefined || forty === undefined
      ? []
      : [
          `Cost of one more repository: ${((twenty - ten) / 10).toFixed(1)} ms from 10 to 20, ${((forty - twenty) / 20).toFixed(1)} ms from 20 to 40.`,
        ];
  return { title: "Growth: copies of examples/harbour in one tree", against: "10 repositories", rows, notes };
}

function built(): void {
  const run = spawnSync("npm", ["run", "--silent", "build"], { cwd: root, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`npm run build failed: ${run.stderr.trim()}`);
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "9" },
      only: { type: "string", default: "cold,compose,surface,big,linear" },
      all: { type: "boolean", default: false },
      "no-peers": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  built();
  const given = positionals.map(one => resolve(one));
  const scratch = mkdtempSync(join(tmpdir(), "shipworthy-bench-"));
  const wanted = new Set(values.only.split(","));
  try {
    const setting: Setting = {
      directories: [join(root, "examples", "harbour"), join(root, "examples", "shipshape"), ...given],
      rounds: Math.max(1, Number(values.rounds)),
      peers: values["no-peers"]
        ? { there: [], absent: [] }
        : installed(join(root, "bench", ".cache"), values.all),
      scratch,
    };
    const sections: Section[] = [];
    if (wanted.has("cold")) sections.push(cold(setting));
    if (wanted.has("compose")) sections.push(...compose(setting));
    if (wanted.has("surface")) sections.push(...surfaces(setting));
    if (wanted.has("big")) sections.push(big(setting));
    if (wanted.has("linear")) sections.push(linear(setting));
    process.stdout.write(values.json ? `${JSON.stringify(sections, null, 2)}\n` : markdown(sections));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main();
