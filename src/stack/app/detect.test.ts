import { expect, it } from "vitest";
import { projectOf } from "../../artifacts/files.testing.ts";
import { detectComponents, loadParsers } from "./detect.ts";
import { serves } from "./routes.ts";

const files = projectOf({
  "web/package.json": `{"dependencies": {"next": "15"}}`,
  "web/app/page.tsx": "",
  "spa/package.json": `{"dependencies": {"express": "4"}, "devDependencies": {"vite": "5"}, "scripts": {"start": "node dist/main.js"}}`,
  "spa/src/main.ts": `import express from "express";\nconst app = express();\napp.get("/health", h);`,
  "old/package.json": `{"dependencies": {"react-scripts": "5"}}`,
  "hook/package.json": `{"dependencies": {"fastify": "5"}}`,
  "tool/package.json": `{"devDependencies": {"express": "4"}}`,
  "node_modules/x/package.json": `{"dependencies": {"express": "4"}}`,
  "api/requirements.txt": "fastapi\n",
  "api/app/main.py": `from fastapi import FastAPI\napp = FastAPI()\n@app.get("/up")\ndef up(): ...\n`,
  "shop/requirements.txt": "django\n",
  "shop/src/manage.py": `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")\n`,
  "shop/src/core/settings.py": `ROOT_URLCONF = "core.urls"\nMIDDLEWARE = []\n`,
  "shop/src/core/urls.py": `from django.urls import path\nurlpatterns = [path("ready/", v)]\n`,
  "jobs/go.mod": "module jobs\n",
  "cms/Gemfile": `gem "rails"\n`,
});

it("finds each program at its manifest, and guesses no framework", () => {
  expect(detectComponents(files).map(each => `${each.dir}: ${each.kind}`)).toEqual([
    "cms: rails",
    "hook: fastify",
    "jobs: go",
    "old: cra",
    "spa: vite",
    "spa: express",
    "tool: node",
    "web: next",
    "shop/src: django",
    "api: fastapi",
  ]);
});

it("answers for each kind, and says unknown for what it does not read", async () => {
  const components = detectComponents(files);
  await loadParsers(components);
  const ask = (kind: string, path: string) =>
    serves(components.find(each => each.kind === kind)!, path).answer;
  expect(ask("next", "/health")).toBe("no");
  expect(ask("next", "/")).toBe("yes");
  expect(ask("express", "/health")).toBe("yes");
  expect(ask("django", "/ready")).toBe("redirect");
  expect(ask("django", "/health")).toBe("no");
  expect(ask("fastapi", "/up")).toBe("yes");
  for (const kind of ["vite", "cra", "fastify", "go", "rails", "node"])
    expect(ask(kind, "/health")).toBe("unknown");
});

it("uses what the service says about how it runs", () => {
  const [api] = detectComponents(files).filter(each => each.kind === "fastapi");
  const [shop] = detectComponents(files).filter(each => each.kind === "django");
  expect(serves(api!, "/up", { target: "app.main:app" }).answer).toBe("yes");
  expect(serves(api!, "/up", { target: "app.gone:app" }).answer).toBe("unknown");
  expect(serves(shop!, "/health", { settingsModule: "core.gone" }).answer).toBe("unknown");
});

it("takes the list beside a manifest that only says how to pack the program", () => {
  const beside = projectOf({
    "api/pyproject.toml": `[build-system]\nrequires = ["setuptools"]\n[project]\nname = "harbour"\n`,
    "api/requirements.txt": "fastapi\n",
    "api/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "tools/pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "tools/requirements-dev.txt": "pytest\n",
  });
  expect(detectComponents(beside).map(each => `${each.manifest}: ${each.kind}`)).toEqual([
    "api/requirements.txt: fastapi",
  ]);
});
