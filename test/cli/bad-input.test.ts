import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

/** Every kind of bad input that the audit promises to survive, given to the built command. */
const cli = new URL("../../dist/shipworthy.js", import.meta.url).pathname;
const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

const good = "services:\n  web:\n    image: nginx:1.27\n    restart: always\n";

function lay(files: Record<string, string | Buffer>): string {
  const root = mkdtempSync(join(tmpdir(), "bad-input-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function audit(root: string, ...args: string[]): Result {
  const { status, stdout, stderr, signal } = spawnSync(
    process.execPath,
    [cli, "audit", root, "--fail-on", "never", ...args],
    {
      encoding: "utf8",
      timeout: 20_000,
      env: { PATH: process.env["PATH"], NO_COLOR: "1" },
    },
  );
  expect(signal, "the audit hangs").toBeNull();
  // A stack trace is for --debug; a user gets a sentence.
  expect(stdout + stderr).not.toMatch(/\n\s+at \S+ \(|TypeError|RangeError|ENOENT/);
  return { status, stdout, stderr };
}

interface Gap {
  readonly why: string;
  readonly place?: { readonly file: string; readonly line: number };
}

function gaps(root: string): { status: number | null; gaps: readonly Gap[]; services: readonly string[] } {
  const result = audit(root, "--format", "json");
  const report = JSON.parse(result.stdout) as { gaps: Gap[]; services: { name: string }[] };
  return { status: result.status, gaps: report.gaps, services: report.services.map(service => service.name) };
}

describe("what cannot be read is told with its place, and the rest is audited", () => {
  const broken: [string, Record<string, string | Buffer>, RegExp, string][] = [
    [
      "YAML that breaks half-way",
      { "compose.yml": `${good}  db:\n    image: "postgres\n    x: [\n` },
      /Not valid YAML/,
      "web",
    ],
    ["a duplicate key", { "compose.yml": `${good}    image: other\n` }, /"image" already defined/, "web"],
    [
      "an alias bomb",
      {
        "compose.yml": `${good}x0: &x0 [a,a,a,a,a,a,a,a,a]\n${[1, 2, 3, 4, 5, 6, 7]
          .map(
            i =>
              `x${i}: &x${i} [${Array(9)
                .fill(`*x${i - 1}`)
                .join()}]\n`,
          )
          .join("")}`,
      },
      /alias bomb/,
      "web",
    ],
    ["a tab as indentation", { "compose.yml": `${good}  db:\n\timage: x\n` }, /Not valid YAML/, "web"],
    [
      "a binary Dockerfile",
      { "compose.yml": good, Dockerfile: Buffer.from([0, 1, 2, 255, 254, 0]) },
      /binary|text/i,
      "web",
    ],
    [
      "UTF-16",
      { "compose.yml": good, "docker-compose.dev.yml": Buffer.from("﻿services:\n", "utf16le") },
      /UTF-16/,
      "web",
    ],
    [
      "an include that is absent",
      { "compose.yml": `include: [gone.yml]\n${good}` },
      /gone\.yml does not exist/,
      "web",
    ],
    [
      "an include cycle",
      { "compose.yml": `include: [a.yml]\n${good}`, "a.yml": "include: [compose.yml]\nservices: {}\n" },
      /circle/,
      "web",
    ],
    [
      "an extends that is absent",
      { "compose.yml": `${good}  x:\n    extends: {file: none.yml, service: y}\n` },
      /none\.yml/,
      "web",
    ],
    ["a service that is no mapping", { "compose.yml": `${good}  x: 12\n` }, /must be a mapping/, "web"],
  ];
  it.each(broken)("%s", (_, files, message, service) => {
    const result = gaps(lay(files));
    const found = result.gaps.find(gap => message.test(gap.why));
    expect(found, JSON.stringify(result.gaps)).toBeDefined();
    expect(found!.place).toBeDefined();
    expect(result.services).toContain(service);
    expect(result.status).toBe(3);
  });

  it("CRLF and a byte order mark change nothing", () => {
    const plain = gaps(lay({ "compose.yml": good }));
    const marked = gaps(lay({ "compose.yml": `﻿${good.replaceAll("\n", "\r\n")}` }));
    expect(marked).toEqual(plain);
  });

  it("a Dockerfile of 100 MB is refused at once", () => {
    const root = lay({ "compose.yml": good });
    const huge = openSync(join(root, "Dockerfile"), "w");
    closeSync(huge);
    truncateSync(join(root, "Dockerfile"), 100 * 1024 * 1024);
    const started = Date.now();
    const result = gaps(root);
    expect(result.gaps.some(gap => gap.place?.file === "Dockerfile")).toBe(true);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it("links in a circle and links out of the root are not followed", () => {
    const secret = lay({ "compose.yml": "services:\n  stolen:\n    image: secret-registry/stolen:1\n" });
    const root = lay({ "compose.yml": good });
    symlinkSync(root, join(root, "loop"));
    symlinkSync(secret, join(root, "out"));
    symlinkSync(join(secret, "compose.yml"), join(root, "docker-compose.prod.yml"));
    const result = audit(root, "--format", "json");
    expect(result.stdout).not.toContain("secret-registry");
    expect(result.stdout).toContain('"web"');
  });

  it.skipIf(process.getuid?.() === 0)("an unreadable file is told", () => {
    const root = lay({ "compose.yml": good, Dockerfile: "FROM scratch\n" });
    chmodSync(join(root, "Dockerfile"), 0);
    expect(gaps(root).gaps.some(gap => gap.place?.file === "Dockerfile")).toBe(true);
  });

  it("an env file with every quoting there is", () => {
    const env =
      'A=plain\nB=\'single # no\'\nC="double \\"x\\" $A"\nexport D=1\nE=\nF\nG=a#b\nH=x # c\nI=\'multi\nline\'\nJ=`back`\n=nameless\nK="open\n';
    const result = gaps(lay({ "compose.yml": `${good}    env_file: app.env\n`, "app.env": env }));
    expect(result.services).toContain("web");
    expect(result.gaps.some(gap => gap.place?.file === "app.env")).toBe(true);
  });
});

describe("what makes no sense ends with 2 or 3 and the next step", () => {
  it("not a directory", () => {
    const root = lay({ "compose.yml": good });
    const result = audit(join(root, "compose.yml"));
    expect([result.status, result.stderr]).toEqual([2, expect.stringMatching(/is a file/)]);
    expect(audit(join(root, "nowhere")).status).toBe(2);
  });

  it("nothing deployable", () => {
    const result = audit(lay({ "README.md": "# hello\n" }));
    expect(result.status).toBe(3);
    expect(result.stdout).toMatch(/no Compose file/);
  });

  it("settings that are wrong", () => {
    const result = audit(lay({ "compose.yml": good, "shipworthy.yml": "acept: []\n" }));
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/shipworthy\.yml:1.*acept.*did you mean "accept"/s);
  });
});
