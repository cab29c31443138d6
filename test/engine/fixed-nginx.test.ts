import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PageFile, parsePage } from "../../src/pages/page.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import { rules } from "../../src/rules/registry.generated.ts";
import { link } from "../../src/stack/link.ts";
import { fixedOf } from "../check-page.ts";
import { makePair, nginxBinary } from "./front-door-lab.ts";

const present = spawnSync(nginxBinary, ["-v"]).status === 0;
const required = process.env["SHIPWORTHY_ENGINE"] === "required";
if (!present && !required) console.warn("skipped: nginx is not installed (tools/engine.sh oracles)");

const pages = rules.map(rule => ({
  rule: rule.id,
  sections: parsePage(readFileSync(new URL(`../../src/rules/${rule.id}.md`, import.meta.url), "utf8"))
    .sections,
}));
/** Sections of pages whose fix changes a nginx file. */
const cases = pages.flatMap(({ rule, sections }) =>
  sections
    .filter(section => Object.entries(fixedOf(section)).some(([path, text]) => isSite(path, text)))
    .map(section => ({ name: `${rule}: ${section.title}`, section })),
);

function isSite(path: string, text: string): boolean {
  return /\.conf$/.test(path) && /\bserver\s*\{/.test(text);
}

describe.skipIf(!present && !required)("fixed nginx files of the rules' pages, with nginx", () => {
  const folder = mkdtempSync(join(tmpdir(), "fixed-nginx-"));
  beforeAll(() => makePair(join(folder, "pair"), "/CN=any"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What nginx says against a project's configuration; undefined when it takes it. */
  async function complaint(
    files: readonly PageFile[],
    texts: Readonly<Record<string, string>>,
  ): Promise<string | undefined> {
    const now = files.map(file =>
      texts[file.path] === undefined ? file : { ...file, text: texts[file.path]! },
    );
    const stack = await link(pageFiles(now.filter(file => file.text !== undefined || file.directory)));
    const [proxy] = stack.proxies;
    // The files are put together as the container would, names and certificates being any.
    const groups = new Set(proxy?.effective.upstreams.map(group => group.name.value));
    const texted = (proxy?.files ?? []).map(path => stack.sources.get(path)!.text);
    const main = texted.find(text => /\bhttp\s*\{/.test(text));
    const sites = texted.filter(text => text !== main).join("\n");
    const whole = main
      ? main
          .replace(/include\s+\/etc\/nginx\/conf\.d\/\*\.conf;/, () => sites)
          .replace(/include\s+mime[^;]*;/, "")
      : `events {}\nhttp {\n${sites}\n}`;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const local = whole
      .replace(
        /\bhttp\s*\{/,
        found =>
          `${found} ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(" ")} access_log off;`,
      )
      .replace(/(\/\/|server )(\w[\w-]*)(?=[:;/])/g, (found, before: string, name: string) =>
        groups.has(name) ? found : `${before}127.0.0.1`,
      )
      .replace(
        /ssl_certificate +[^;]+;/g,
        `ssl_certificate ${folder}/pair/fullchain.pem; ssl_certificate_key ${folder}/pair/privkey.pem;`,
      )
      .replace(/ssl_certificate_key +\/etc[^;]+;/g, "");
    writeFileSync(join(folder, "nginx.conf"), `pid ${folder}/pid;\n${local}`);
    const { status, stderr } = spawnSync(
      nginxBinary,
      ["-t", "-q", "-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"],
      {
        encoding: "utf8",
      },
    );
    return status === 0 ? undefined : `${stderr}\n${local}`;
  }

  it.each(cases)("$name", async ({ section }) => {
    const before = await complaint(section.files, {});
    const after = await complaint(section.files, fixedOf(section));
    expect(before, "the example itself").toBeUndefined();
    expect(after).toBeUndefined();
  });

  it("has something to look at", () => expect(cases.length).toBeGreaterThan(20));
});
