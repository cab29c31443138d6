import { expect, it } from "vitest";
import type { OwnServer } from "../../core/server.ts";
import { take, type Way } from "./ways.ts";

const way = (text: string): Way => ({
  ...{ title: 'job "deploy"', places: [], steps: [{ kind: "piped", text }] },
  ...{ ordinary: false, asks: [], envFiles: [], inEnvFile: [], takesRelease: false },
});

/** Its script ends with 0; `marked`: having come to its end. */
const server = (marked: boolean) =>
  ({
    refused: [],
    values: () => ({}),
    write: async () => {},
    run: async () => ({ code: 0, stdout: "", stderr: "", ms: 1 }),
    read: async () => (marked ? new Uint8Array() : undefined),
  }) as unknown as OwnServer;

const eaten =
  "docker compose exec -T web python manage.py migrate\ncurl -f http://localhost/ || {\n  exit 1\n}\n";

it("tells a script of which a program has read the rest, also where a branch ends it with an error", async () => {
  const { ok, saw } = await take(server(false), way(eaten), "1");
  expect({ ok, saw }).toMatchObject({ ok: false, saw: expect.stringMatching(/^it ends before its end/) });
  expect(await take(server(true), way(eaten), "1")).toMatchObject({ ok: true });
});

it("takes an early end for its own where the script may end well", async () => {
  for (const end of ["exit 0", "exit", 'exit "$status"'])
    expect(await take(server(false), way(`[ -e new ] || ${end}\n${eaten}`), "1")).toMatchObject({ ok: true });
});
