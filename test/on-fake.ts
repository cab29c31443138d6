import { type ComposeModel, type Engine, labLabel } from "../src/core/engine.ts";
import { runDrills } from "../src/drill/drill.ts";
import { openLab } from "../src/drill/lab.ts";
import type { Candidate } from "../src/drill/watch.ts";
import { drills } from "../src/drills/registry.generated.ts";
import { type FakeOptions, type FakeProgram, fakeEngine } from "../src/engine/fake.ts";
import { pageFiles } from "../src/pages/page-files.ts";
import { link } from "../src/stack/link.ts";

const healthcheck = { test: ["CMD", "probe"] };
export const answers: FakeProgram = { healthyAfterMs: 200, http: () => ({ status: 200 }) };

export interface Stage {
  readonly web?: Readonly<Record<string, unknown>>;
  readonly program?: FakeProgram;
  /** What the store's container does. */
  readonly store?: FakeProgram;
  readonly missing?: ReadonlyMap<string, string>;
  readonly candidates?: readonly Candidate[];
  readonly onCrash?: () => void;
  readonly machine?: Pick<FakeOptions, "idle" | "nothingMs">;
}

const front: Candidate = { port: 8000, path: "/", tls: false, headers: { host: "localhost" } };

/** A web service and its store on the engine in memory; the text and the model say the same. */
export async function onFake(claim: string, stage: Stage) {
  const {
    web = {},
    program = answers,
    missing = new Map(),
    candidates = [front],
    onCrash,
    machine,
    store,
  } = stage;
  const labels = { [labLabel]: "a1" };
  const model: ComposeModel = {
    services: {
      web: { image: "web", labels, healthcheck, restart: "unless-stopped", ...web },
      db: {
        ...{ image: "postgres:16", labels, healthcheck, restart: "always" },
        volumes: [{ type: "volume", source: "data", target: "/var/lib/postgresql/data" }],
      },
    },
  };
  const text = `services:
  web:
    image: web
    ports: ["80:8000"]
    depends_on: [db]
    healthcheck: { test: ["CMD", "probe"] }
  db:
    image: postgres:16
    volumes: ["data:/var/lib/postgresql/data"]
volumes:
  data:
`;
  const stack = await link(
    pageFiles([{ path: "compose.yml", text, ignored: false, untracked: false, directory: false }]),
  );
  const fake = fakeEngine({
    models: new Map([["/lab/compose.json", model]]),
    ...machine,
    programs: { web: program, db: { healthyAfterMs: 100, ...store } },
  });
  const engine: Engine = {
    ...fake,
    crash: async container => {
      await fake.crash(container);
      onCrash?.();
    },
  };
  const lab = openLab({
    ...{ engine, model, missing, say: () => {} },
    project: { lab: "a1", name: "shipworthy-lab-a1", file: "/lab/compose.json" },
    candidates: service => (service === "web" ? candidates : []),
  });
  const chosen = drills.filter(drill => drill.claim === claim);
  const reports = await runDrills(lab, chosen, { stack, project: stack.projects[0]! }, { say: () => {} });
  return Object.fromEntries(reports.map(report => [report.subject, report]));
}
