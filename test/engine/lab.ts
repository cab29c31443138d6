import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectFiles } from "../../src/cli/project-files.ts";
import type { Drill, DrillReport } from "../../src/core/drill.ts";
import { runDrills } from "../../src/drill/drill.ts";
import { openLab } from "../../src/drill/lab.ts";
import { drilledProject, prepareLab } from "../../src/drill/prepare.ts";
import { requestsOf } from "../../src/drill/requests.ts";
import type { DrillStack } from "../../src/drills/drill.ts";
import { dockerEngine } from "../../src/engine/docker.ts";
import { link } from "../../src/stack/link.ts";
import { labStore } from "../../src/workspace/labs.ts";
import { openWorkspace } from "../../src/workspace/workspace.ts";

/** Lays out a project, drills it in a lab on the engine, and removes the lab. */
export async function drillFiles(
  files: readonly { readonly path: string; readonly text?: string }[],
  drills: readonly Drill<DrillStack>[],
): Promise<{ readonly reports: readonly DrillReport[]; readonly lines: readonly string[] }> {
  const root = await mkdtemp(join(tmpdir(), "drill-page-"));
  const directory = join(root, "shop");
  for (const { path, text } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text ?? "", { mode: path.endsWith(".sh") ? 0o755 : 0o644 });
  }
  const engine = await dockerEngine();
  const store = labStore(join(root, "labs"));
  const lab = randomBytes(5).toString("hex");
  const lines: string[] = [];
  try {
    const stack = await link(projectFiles(openWorkspace(directory)).files);
    const project = drilledProject(stack);
    if (!project) throw new Error("the page has no project");
    const made = await store.open(lab, { root: directory });
    const prepared = await prepareLab(stack, project, engine, made, {
      ...{
        lab,
        environment: {},
        say: line => lines.push(line),
        random: () => randomBytes(16).toString("hex"),
      },
    });
    const running = openLab({
      ...{ engine, ...prepared, say: (line: string) => lines.push(line) },
      candidates: service => requestsOf(stack, project, service, prepared.model),
      source: { stack, user: project },
    });
    const say = (line: unknown) => void lines.push(JSON.stringify(line));
    return { reports: await runDrills(running, drills, { stack, project }, { say }), lines };
  } finally {
    await engine.sweep(lab);
    await rm(root, { recursive: true, force: true });
  }
}
