import { beforeAll, describe, expect, it } from "vitest";
import { loadJavascript } from "../formats/javascript.ts";
import { projectOf } from "./files.testing.ts";
import { nextServes, readNextConfig } from "./next.ts";
import { readViteConfig } from "./vite.ts";

beforeAll(loadJavascript);

const config = (text: string) => readNextConfig({ path: "web/next.config.js", text });

describe("readNextConfig", () => {
  it("reads the exported object through names, types and functions", () => {
    expect(
      config(
        `/** @type {import('next').NextConfig} */\nconst c = { output: "standalone", basePath: process.env.BASE || "" };\nmodule.exports = c;`,
      ),
    ).toMatchObject({
      complete: true,
      output: { value: "standalone" },
      basePath: { kind: "env", env: { names: ["BASE"] }, whenUnset: "" },
    });
    expect(config(`export default async () => ({ output: "export" });`)).toMatchObject({
      complete: true,
      output: { value: "export" },
    });
    expect(config(`module.exports = withPlugin({ output: "standalone" });`)).toMatchObject({
      complete: false,
      output: { value: "standalone" },
    });
    expect(
      config(
        `module.exports = { async rewrites() { return [{ source: "/api/:path*", destination: "x" }] } };`,
      ).rewrites,
    ).toMatchObject([{ value: "/api/:path*" }]);
  });
});

describe("nextServes", () => {
  const files = projectOf({
    "web/src/app/page.tsx": "",
    "web/src/app/(shop)/cart/page.tsx": "",
    "web/src/app/api/health/route.ts": "",
    "web/src/app/docs/[...slug]/page.mdx": "",
    "web/src/app/@modal/x/page.tsx": "",
    "web/src/app/cart/layout.tsx": "",
    "web/src/pages/legacy/index.tsx": "",
    "web/src/pages/api/old.ts": "",
    "web/src/pages/_app.tsx": "",
    "web/public/robots.txt": "",
  });
  const answers = (paths: readonly string[], text = "module.exports = {}") =>
    paths.map(path => nextServes(files, "web", config(text), path).answer);

  it("knows pages, groups, route handlers, catch-alls and public files", () => {
    expect(
      answers([
        "/",
        "/cart",
        "/api/health",
        "/docs/a/b",
        "/docs",
        "/legacy",
        "/api/old",
        "/robots.txt",
        "/_app",
        "/x",
        "/health",
      ]),
    ).toEqual(["yes", "yes", "yes", "yes", "no", "yes", "yes", "yes", "no", "no", "no"]);
  });

  it("gives parallel routes no path of their own", () => {
    expect(answers(["/@modal/x"])).toEqual(["no"]);
  });

  it("heeds the base path, rewrites, redirects and wrappers", () => {
    expect(answers(["/health", "/shop/cart", "/cart"], `module.exports = { basePath: "/shop" }`)).toEqual([
      "no",
      "yes",
      "no",
    ]);
    expect(
      answers(
        ["/up/x", "/health"],
        `module.exports = { rewrites: async () => [{ source: "/up/:a*", destination: "x" }] }`,
      ),
    ).toEqual(["unknown", "no"]);
    expect(
      answers(["/old"], `module.exports = { redirects() { return [{ source: "/old", destination: "/" }] } }`),
    ).toEqual(["redirect"]);
    expect(answers(["/health"], `module.exports = wrap({})`)).toEqual(["unknown"]);
  });

  it("does not say no for a folder without pages", () => {
    expect(nextServes(projectOf({ "package.json": "{}" }), "", undefined, "/health").answer).toBe("unknown");
  });
});

it("reads what vite.config says about the bundle", () => {
  const text = `import { defineConfig } from "vite";\nexport default defineConfig(({ mode }) => ({ base: "/app/", define: { "process.env.API": JSON.stringify("x"), V: "1" }, server: { proxy: { "/api": "http://localhost:8000" } }, build: { outDir: "build" } }));`;
  expect(readViteConfig({ path: "vite.config.ts", text })).toMatchObject({
    complete: true,
    base: { value: "/app/" },
    outDir: { value: "build" },
    define: [{ name: "process.env.API" }, { name: "V", value: { value: "1" } }],
    proxies: [{ path: "/api" }],
  });
  expect(readViteConfig({ path: "vite.config.ts", text: "export default {" }).problems).toHaveLength(1);
});
