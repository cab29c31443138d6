import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateEnv, parseDotenv } from "../../src/formats/dotenv.ts";

const present = spawnSync("docker", ["compose", "version"]).status === 0;
/** More on demand: one run asks Compose once, 50 to 150 ms. */
const runs = Number(process.env["SHIPWORTHY_RUNS"] ?? 150);
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required)
  console.warn("skipped: `docker compose` is not installed, env files are not compared with it");

/** What Compose makes of an env file; `undefined` when it refuses it. */
function composeReads(text: string): Record<string, string> | undefined {
  const folder = mkdtempSync(join(tmpdir(), "env-oracle-"));
  try {
    writeFileSync(join(folder, "values.env"), text);
    writeFileSync(join(folder, "compose.yml"), "services: {s: {image: x, env_file: values.env}}\n");
    const command = ["compose", "-p", "env-oracle", "-f", "compose.yml", "config", "--format", "json"];
    const { status, stdout } = spawnSync("docker", command, {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: folder },
    });
    if (status !== 0) return undefined;
    const config = JSON.parse(stdout) as { services: { s: { environment?: Record<string, string> } } };
    const values = Object.entries(config.services.s.environment ?? {});
    // `config` prints a dollar as two, so that its output can be read again.
    return Object.fromEntries(values.map(([name, value]) => [name, value.replaceAll("$$", "$")]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!present && !required)("env files against docker compose config", () => {
  it("agrees on any text", { timeout: 60_000 + runs * 1_000 }, () => {
    const part = fc.constantFrom(
      ..."AB=:#'\"\\$ \n\r\t{}x01-",
      "\nA=",
      "\nB='",
      '\nC="',
      "export ",
      "${A:-",
      "$A",
      " #",
      "\\n",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 24 }), parts => {
        const text = `Z=1${parts.join("")}\n`;
        const { model, problems } = parseDotenv({ path: "values.env", text });
        // Compose sets a variable without a name there; for us it is a problem and no more.
        fc.pre(!problems.some(problem => problem.message.includes("without a name")));
        const values = evaluateEnv(model);
        const refused =
          problems.some(problem => problem.message.includes("rejects")) ||
          [...values.values()].includes(undefined);
        const expected = composeReads(text);
        expect(refused ? undefined : Object.fromEntries(values)).toEqual(expected);
      }),
      { numRuns: runs },
    );
  });
});
