import { expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { appImage } from "./app-image.ts";
import { parseDockerfileModel } from "./dockerfile.testing.ts";
import { planStack } from "./stack-plan.ts";

const now = new Date("2026-11-21T12:00:00Z");
const json = JSON.stringify;

/** A program of two packages, with migrations, as a workspace of npm; `more` replaces and adds files. */
async function shop(more: Record<string, string> = {}) {
  const texts: Record<string, string> = {
    "package.json": json({ private: true, workspaces: ["apps/*", "packages/*"] }),
    "package-lock.json": '{"lockfileVersion": 3, "packages": {}}',
    "tsconfig.base.json": "{}",
    "apps/api/package.json": json({
      name: "@shop/api",
      scripts: {
        build: "tsc",
        start: "node dist/server.js",
        "db:migrate": "knex migrate:latest",
        "db:undo": "knex migrate:rollback",
      },
      dependencies: { "@shop/database": "*", express: "5.1.0" },
    }),
    "apps/api/src/server.ts": 'import express from "express";\nexpress().listen(3000);\n',
    "packages/database/package.json": json({
      name: "@shop/database",
      scripts: { build: "tsc" },
      dependencies: { "@shop/names": "*", pg: "8.16.3" },
    }),
    "packages/database/index.ts": "export const address = process.env.DATABASE_URL;\n",
    "packages/names/package.json": json({ name: "@shop/names", scripts: { build: "tsc" } }),
    "packages/other/package.json": json({ name: "@shop/other", scripts: { build: "tsc" } }),
    ...more,
  };
  const files = Object.entries(texts).flatMap(([path, text]) =>
    text === "" ? [] : [{ path, text, ignored: false, untracked: false, directory: false }],
  );
  const stack = await link(pageFiles(files), { now });
  const component = stack.components.find(each => each.kind === "express")!;
  const image = appImage(stack, component, { migrations: true });
  if (image) expect(parseDockerfileModel(image.dockerfile).problems).toEqual([]);
  return { stack, plan: planStack(stack, "shop"), image, text: image?.dockerfile.text ?? "" };
}

const pnpm = {
  "package.json": json({ private: true, packageManager: "pnpm@9.15.9" }),
  "package-lock.json": "",
  "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
  "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n  - \"packages/*\"\n  - '!packages/other'\n",
};

it("copies and builds what a member needs, in order, and nothing else", async () => {
  const { text, image } = await shop();
  expect(image!.context).toBe("");
  const lines = text.split("\n");
  const at = (line: string) => {
    expect(lines).toContain(line);
    return lines.indexOf(line);
  };
  expect(at("COPY packages/names/package.json packages/names/")).toBeLessThan(
    lines.findIndex(line => line.endsWith("npm ci --workspace=apps/api")),
  );
  expect(at("COPY tsconfig.base.json ./")).toBeLessThan(at("COPY packages/names/ packages/names/"));
  expect(at("RUN npm run build --workspace=packages/names")).toBeLessThan(
    at("RUN npm run build --workspace=packages/database"),
  );
  expect(at("RUN npm run build --workspace=packages/database")).toBeLessThan(
    at("RUN npm run build --workspace=apps/api"),
  );
  expect(text).not.toContain("COPY packages/other/ ");
});

it("copies one program alone although its repository sets hooks, which the second install does without", async () => {
  const root = (prepare: string) =>
    shop({
      "package.json": json({ private: true, workspaces: ["apps/*", "packages/*"], scripts: { prepare } }),
    });
  const { text } = await root("husky");
  expect(text).not.toContain("COPY . ./");
  expect(text).toContain("npm pkg delete scripts.prepare && npm ci --workspace=apps/api --omit=dev");
  expect((await root("node tools/prepare.js")).text).toContain("COPY . ./");
});

it("installs a member of a workspace of pnpm, without those that it leaves out", async () => {
  const { text } = await shop(pnpm);
  expect(text).toContain("npm install --global pnpm@9.15.9\n");
  expect(text).toContain('pnpm install --frozen-lockfile --filter "{apps/api}..."\n');
  expect(text).toContain("COPY package.json pnpm-lock.yaml ./");
  expect(text).toContain("COPY pnpm-workspace.yaml ./");
  expect(text).not.toContain("packages/other");
  // What is shipped has no package of developers.
  expect(text).toContain("--prod --offline");
});

it("knows Bun, old and new Yarn", async () => {
  const bun = await shop({ "package-lock.json": "", "bun.lock": "{}" });
  expect(bun.text).toContain("npm install --global bun@");
  expect(bun.text).toContain("bun run --cwd=packages/names build");
  const yarn = await shop({ "package-lock.json": "", "yarn.lock": "# yarn lockfile v1\n" });
  expect(yarn.text).toContain("yarn --cwd packages/names run build");
  const root = json({ private: true, workspaces: ["apps/*", "packages/*"], packageManager: "yarn@4.11.0" });
  const berry = { "package-lock.json": "", "yarn.lock": "__metadata:\n", "package.json": root };
  const { text } = await shop({ ...berry, ".yarnrc.yml": "nodeLinker: node-modules\n" });
  expect(text).toContain("@yarnpkg/cli-dist@4.11.0\n");
  expect(text).toContain("yarn workspaces focus @shop/api --production");
  // A bare `node` does not find packages that are kept in archives.
  expect((await shop({ ...berry, ".yarnrc.yml": "enableTelemetry: false\n" })).image).toBeUndefined();
});

it("starts with Bun what Bun starts", async () => {
  const { text } = await shop({
    "package-lock.json": "",
    "bun.lock": "{}",
    "apps/api/package.json": json({
      scripts: { start: "bun src/server.ts" },
      dependencies: { express: "5.1.0" },
    }),
  });
  const { stages } = parseDockerfileModel({ path: "Dockerfile", text }).model;
  expect(stages.at(-1)!.runs.some(run => /bun@/.test(run.fragment.text))).toBe(true);
  expect(text).toContain('CMD ["bun", "src/server.ts"]');
});

it("reads the variables and finds the database of the packages that a program is made of", async () => {
  const { plan } = await shop();
  expect(plan.database).toBe("postgres");
  const [api] = plan.apps;
  expect(api!.wiring.variables).toContainEqual({
    name: "DATABASE_URL",
    value: "postgresql://app:${DB_PASSWORD:?}@db:5432/app",
  });
  // What a program is made of is not left out.
  expect(plan.left.map(each => each.component.dir)).toEqual(["packages/other"]);
});

it("migrates with the script that applies, in a stage that has the tools", async () => {
  const { text, image } = await shop();
  expect(image!.migrateStage).toBe("migrate");
  expect(text).toContain(
    'FROM build AS migrate\nWORKDIR /app/apps/api\nUSER node\nCMD ["npm", "run", "db:migrate"]',
  );
  expect(text).toContain("COPY --from=pruned /app /app");
  for (const script of [
    "knex migrate:rollback",
    "dotenv -e .env knex migrate:latest",
    "drizzle-kit push",
    "knex migrate:make x",
  ]) {
    const scripts = { start: "node server.js", migrate: script };
    const manifest = json({ name: "@shop/api", scripts, dependencies: { express: "5.1.0" } });
    expect((await shop({ "apps/api/package.json": manifest })).image!.migrate, script).toBeUndefined();
  }
});

const schema =
  'datasource db {\n  provider = "postgresql"\n  url = env("SHOP_DATABASE")\n  directUrl = env("SHOP_DIRECT")\n}\n';
const prisma = {
  "apps/api/package.json": json({
    name: "@shop/api",
    scripts: { build: "tsc", start: "node dist/server.js" },
    dependencies: { "@shop/database": "*", express: "5.1.0" },
  }),
  "packages/database/package.json": json({
    name: "@shop/database",
    dependencies: { "@prisma/client": "6.19.0" },
    devDependencies: { prisma: "6.19.0" },
  }),
  "packages/database/prisma/schema.prisma": schema,
};

it("generates the code of Prisma before the build, and applies its steps where they are", async () => {
  const { text, plan } = await shop({
    ...prisma,
    "packages/database/prisma/migrations/20260101_first/migration.sql": "CREATE TABLE visits (id int);\n",
  });
  expect(text.indexOf("RUN cd packages/database && npx prisma generate")).toBeGreaterThan(0);
  expect(text.indexOf("npx prisma generate")).toBeLessThan(text.indexOf("npm run build"));
  expect(text).toContain(
    'WORKDIR /app/packages/database\nUSER node\nCMD ["npx", "prisma", "migrate", "deploy"]',
  );
  // The engine of version 6 loads it.
  expect(text.match(/no-install-recommends openssl/g)).toHaveLength(2);
  const names = plan.apps[0]!.wiring.variables.map(each => each.name);
  expect(names).toEqual(expect.arrayContaining(["SHOP_DATABASE", "SHOP_DIRECT"]));
  expect(plan.afterwards).toEqual([]);
});

it("says so where a schema of Prisma has no steps to apply", async () => {
  const { plan, image } = await shop(prisma);
  expect(image!.migrate).toBeUndefined();
  expect(plan.afterwards).toEqual([expect.stringContaining("packages/database/prisma/schema.prisma")]);
});
