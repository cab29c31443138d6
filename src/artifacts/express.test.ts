import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadJavascript } from "../formats/javascript.ts";
import { type ExpressApp, expressServes, readExpress } from "./express.ts";
import { projectOf } from "./files.testing.ts";
import { settingValue } from "./value.ts";

beforeAll(loadJavascript);

function appOf(text: string, more: Record<string, string> = {}): ExpressApp {
  const files = projectOf({
    "src/server.js": `const express = require("express");\nconst app = express();\n${text}`,
    ...more,
  });
  const app = readExpress(files, files.read("src/server.js")!);
  if (!app) throw new Error("no app");
  return app;
}

const answers = (app: ExpressApp, paths: readonly string[]) =>
  paths.map(path => expressServes(app, path).answer);

describe("readExpress", () => {
  it("knows the port, the host and their variables", () => {
    expect(appOf("app.listen(process.env.PORT || 3000, '127.0.0.1');").listen).toMatchObject({
      port: { kind: "env", whenUnset: 3000, env: { names: ["PORT"] } },
      host: { value: "127.0.0.1" },
    });
    expect(
      appOf("const port = Number(process.env.PORT ?? 4000);\nserver.listen({ port, host: '0.0.0.0' });")
        .listen,
    ).toMatchObject({
      port: { whenUnset: 4000, env: { cast: "int" } },
      host: { value: "0.0.0.0" },
    });
    expect(appOf("app.listen(3000, () => {});").listen).not.toHaveProperty("host");
  });

  it("knows middleware, proxy trust and how it stops", () => {
    const app = appOf(
      `app.set("trust proxy", 1);\nconst limit = rateLimit({ max: 5 });\napp.use(helmet(), limit);\napp.use(express.json({ limit: "10mb" }));\nconst server = app.listen(1);\nprocess.on("SIGTERM", () => server.close(() => process.exit(0)));`,
    );
    expect(app.middleware.map(each => each.name)).toEqual(["helmet", "rateLimit", "express.json"]);
    expect(settingValue(app.middleware[2]!.options!)).toMatchObject({ value: new Map([["limit", "10mb"]]) });
    expect(app.trustProxy?.value).toMatchObject({ value: 1 });
    expect(app.sigterm).toMatchObject({ closes: true });
    expect(appOf(`process.on("SIGTERM", () => process.exit(0));`).sigterm).toMatchObject({ closes: false });
    expect(appOf("").sigterm).toBeUndefined();
  });
});

describe("expressServes", () => {
  it("matches paths, parameters and mounted routers through modules", () => {
    const app = appOf(
      `const users = require("./routes/users");\napp.get("/health", h);\napp.route("/b").get(h).post(h);\napp.use("/api/users", auth, users);\napp.use("/v2", require("./routes/users"));\napp.use("*", (req, res) => res.status(404).end());`,
      {
        "src/routes/users.js": `const { Router } = require("express");\nconst r = Router();\nr.get("/:id", h);\nr.get("/", h);\nmodule.exports = r;`,
      },
    );
    expect(
      answers(app, [
        "/health",
        "/Health/",
        "/b",
        "/api/users/5",
        "/api/users",
        "/api/users/5/6",
        "/v2/x",
        "/none",
      ]),
    ).toEqual(["yes", "yes", "yes", "yes", "yes", "no", "yes", "no"]);
  });

  it("follows ES modules written in TypeScript", () => {
    const files = projectOf({
      "src/index.ts": `import express, { type Express } from "express";\nimport { router } from "./router.js";\nconst app: Express = express();\napp.use("/api", router);`,
      "src/router.ts": `import { Router } from "express";\nexport const router = Router();\nrouter.get("/ok", (req, res) => res.send("ok"));`,
    });
    const app = readExpress(files, files.read("src/index.ts")!)!;
    expect(answers(app, ["/api/ok", "/ok"])).toEqual(["yes", "no"]);
  });

  it("is unknown where routes may come from elsewhere", () => {
    expect(answers(appOf("setupRoutes(app);"), ["/x"])).toEqual(["unknown"]);
    expect(answers(appOf(`app.use(express.static("public"));`), ["/x"])).toEqual(["unknown"]);
    expect(answers(appOf(`app.use("/s", express.static("public"));`), ["/s/a", "/x"])).toEqual([
      "unknown",
      "no",
    ]);
    expect(answers(appOf("app.get(prefix + '/x', h);"), ["/x"])).toEqual(["unknown"]);
    expect(answers(appOf(`app.use("/api", require("./gone"));`), ["/api/x", "/x"])).toEqual([
      "unknown",
      "no",
    ]);
    expect(answers(appOf(`app.get("*", (req, res) => res.sendFile("index.html"));`), ["/x"])).toEqual([
      "yes",
    ]);
  });

  it("ends on routers that hold themselves and on names that double", () => {
    const started = performance.now();
    const doubled = Array.from({ length: 40 }, (_, i) => `const n${i} = n${i + 1} + n${i + 1};`).join("\n");
    const app = appOf(
      `const r = express.Router();\n${"r.use(r);\n".repeat(60)}app.use("/a", r);\n${doubled}\napp.listen(n0);`,
    );
    expect(answers(app, ["/a/x", "/b"])).toEqual(["unknown", "no"]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("never throws on any text", () => {
    const line = fc.constantFrom(
      `app.use("/a", app);`,
      "app.use(r);",
      `const r = express.Router();`,
      "r.use(r);",
      `r.get("/(a+)+", h);`,
      "app.listen(x ? 1 : process.env.P);",
      "const x = x;",
      "const y = y || z, z = y;",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }), lines => {
        expressServes(appOf2(lines.join("\n")), "/a/a/a");
      }),
    );
  });
});

function appOf2(text: string): ExpressApp {
  const files = projectOf({
    "s.js": `const app = require("express")();\nconst e = require("express");\nconst b = e();\n${text}`,
  });
  return readExpress(files, files.read("s.js")!) ?? appOf("");
}
