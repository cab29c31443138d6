import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const workspace = {
  "package.json": '{"name": "shop", "private": true, "workspaces": ["apps/*", "packages/*"]}',
  "apps/api/package.json": '{"name": "@shop/api", "dependencies": {"express": "5.1.0"}}',
  "apps/web/package.json": '{"name": "@shop/web", "dependencies": {"next": "15.3.0"}}',
  "packages/shared/package.json": '{"name": "@shop/shared"}',
};

async function componentOf(dockerfile: string, files: Record<string, string> = workspace, command = "") {
  const stack = await link(
    tree({
      "compose.yml": `services:\n  a:\n    build: .\n${command ? `    command: ${command}\n` : ""}`,
      Dockerfile: `FROM node:22-slim AS build\nWORKDIR /app\nCOPY . .\n${dockerfile}\n`,
      ...files,
    }),
  );
  return stack.services[0]!.component?.dir;
}

it.each([
  ["the path that starts", 'CMD ["node", "apps/api/dist/main.js"]', "apps/api"],
  ["the package that starts", 'CMD ["npm", "run", "start", "--workspace", "@shop/web"]', "apps/web"],
  ["a filter", 'CMD ["pnpm", "--filter=@shop/api", "start"]', "apps/api"],
  ["the working directory", 'WORKDIR /app/apps/api\nCMD ["node", "dist/main.js"]', "apps/api"],
  [
    "what a build leaves",
    'FROM node:22-slim\nWORKDIR /app\nCOPY --from=build /app/packages/shared ./packages/shared\nCOPY --from=build /app/apps/web/.next ./.next\nCMD ["node", "server.js"]',
    "apps/web",
  ],
  [
    "the package that is built",
    'RUN npx turbo build --filter=@shop/api...\nCMD ["node", "main.js"]',
    "apps/api",
  ],
  ["nothing", 'CMD ["node", "main.js"]', ""],
  ["two packages", 'CMD ["sh", "-c", "node apps/api/main.js & node apps/web/server.js"]', ""],
])("%s of an image says which package of a workspace it is for", async (_, dockerfile, expected) => {
  expect(await componentOf(dockerfile)).toBe(expected);
});

it("a root with a framework is the program, whatever its packages are called", async () => {
  const root = '{"name": "shop", "workspaces": ["packages/*"], "dependencies": {"next": "15.3.0"}}';
  const build = 'RUN npm run build --workspace @shop/shared\nCMD ["npm", "start"]';
  expect(await componentOf(build, { ...workspace, "package.json": root })).toBe("");
});

it("without a workspace the package at the root is the program", async () => {
  const root = '{"name": "shop", "dependencies": {"express": "5.1.0"}}';
  expect(await componentOf('CMD ["node", "apps/api/main.js"]', { ...workspace, "package.json": root })).toBe(
    "",
  );
});

it.each([
  ["nothing but what a package leaves", "COPY --from=build /app/apps/web/.next/standalone ./", "apps/web"],
  [
    "the root's own code beside it",
    "COPY --from=build /app/server ./server\nCOPY --from=build /app/apps/web/.next ./public",
    "",
  ],
])(
  "where the root is a program, an image that takes %s is for the one or the other",
  async (_, copies, expected) => {
    const files = { ...workspace, "package.json": '{"name": "shop", "dependencies": {"express": "5.1.0"}}' };
    const image = `FROM node:22-slim\nWORKDIR /app\n${copies}\nCMD ["node", "server.js"]`;
    expect(await componentOf(image, files)).toBe(expected);
  },
);

it("takes the one folder that all is copied from, also where the root has a program of its own", async () => {
  const stack = await link(
    tree({
      "compose.yml": "services:\n  a:\n    build: .\n",
      Dockerfile:
        'FROM node:22-slim\nWORKDIR /app\nCOPY backend/package.json ./\nRUN npm install\nCOPY backend/src ./src\nCMD ["node", "src/main.js"]\n',
      "package.json": '{"name": "shop", "dependencies": {"express": "5.1.0"}}',
      "src/main.js": "",
      "backend/package.json": '{"name": "api", "dependencies": {"express": "5.1.0"}}',
      "backend/src/main.js": "",
    }),
  );
  expect(stack.services[0]!.component?.dir).toBe("backend");
});
