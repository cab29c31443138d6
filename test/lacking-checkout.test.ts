import { expect, it } from "vitest";
import { isKept } from "../src/core/rule.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";
import { tree } from "./tree.ts";

const files = {
  "compose.yml": "services:\n  web:\n    build: .\n    ports: ['80:80']\n",
  Dockerfile:
    "FROM node:22-alpine AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\nFROM nginx:1.28-alpine\nCOPY --from=build /app/dist /usr/share/nginx/html\n",
  "package.json":
    '{ "scripts": { "build": "vite build" }, "dependencies": { "react": "19.0.0" }, "devDependencies": { "vite": "6.0.0" } }',
  "index.html": '<script type="module" src="/src/main.jsx"></script>\n',
  "src/main.jsx": 'import harbour from "./assets/harbour.png";\nconsole.log(harbour);\n',
  "src/assets/boat.png": "",
};

/** A checkout that leaves large files out lacks them, and the clone that builds has them. */
it.each([
  [true, 0],
  [false, 1],
])("a picture that git tracks: %s", async (isTracked, expected) => {
  const rule = rules.find(each => each.id === "build/import-source")!;
  const lacking = { ...tree(files), tracked: (path: string) => path in files || isTracked };
  const found = [...rule.check(await link(lacking))].filter(each => !isKept(each));
  expect(found).toHaveLength(expected);
});
