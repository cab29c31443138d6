import { expect, it } from "vitest";
import { parsePage } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import type { Stack } from "../stack/stack.ts";
import { workflow } from "./workflow.ts";
import { workflowInput } from "./workflow-input.ts";

/** A small project with a file of its own a line `--- path`. */
async function stackOf(text: string): Promise<Stack> {
  const fences = text
    .split(/^--- /m)
    .slice(1)
    .map(part => {
      const [path, ...lines] = part.trimEnd().split("\n");
      return `\`\`\`text ${path}\n${lines.join("\n")}\n\`\`\`\n`;
    });
  const section = parsePage(`## Good: x\n${fences.join("")}`).sections[0]!;
  return link(pageFiles(section.files));
}

const project = `
--- compose.yml
services:
  web:
    build: ./web
    environment:
      API_URL: http://api:8000
  api:
    build: &api
      context: ./api
    depends_on: [db]
    environment: &env
      DATABASE_URL: postgres://shop:\${DB_PASSWORD:?}@db:5432/shop
      SECRET_KEY: \${SECRET_KEY:?}
      DB_HOST: db
      DEBUG: "0"
  worker:
    build: *api
    command: celery -A shop worker
    environment: *env
  db:
    image: postgres:16
    environment:
      POSTGRES_USER: shop
      POSTGRES_PASSWORD: \${DB_PASSWORD:?}
    volumes: ["./db:/docker-entrypoint-initdb.d:ro"]
--- db/init.sql
CREATE EXTENSION citext;
--- api/Dockerfile
FROM python:3.13-slim
WORKDIR /srv
COPY . .
CMD ["gunicorn", "shop.wsgi"]
--- api/manage.py
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
--- api/shop/settings.py
import os
SECRET_KEY = os.environ["SECRET_KEY"]
--- api/shop/wsgi.py
application = None
--- api/requirements.txt
django==5.2
gunicorn==23.0.0
--- api/requirements-dev.txt
-r requirements.txt
ruff==0.14.0
pytest==8.4.0
--- web/Dockerfile
FROM node:22-alpine
WORKDIR /app
COPY . .
CMD ["npm", "start"]
--- web/package-lock.json
{}
--- web/package.json
{ "dependencies": { "express": "5.1.0" }, "scripts": { "lint": "eslint .", "test": "vitest run", "build": "tsc", "start": "node ." } }
`;

it("derives what to check, build and send from the model", async () => {
  const stack = await stackOf(project);
  const input = workflowInput(stack, stack.projects[0]!)!;
  expect(input.images).toEqual([
    { services: ["web"], context: "web", args: [] },
    { services: ["api", "worker"], context: "api", args: [] },
  ]);
  expect(input.sent).toEqual(["compose.yml", "db"]);
  expect(input.services).toEqual(["web", "api", "worker", "db"]);
  expect(input.migrate).toEqual({ service: "api", command: "python manage.py migrate --noinput" });
  const api = input.jobs.find(job => job.dir === "api")!;
  expect(api.install).toEqual(["pip install --requirement requirements-dev.txt"]);
  expect(api.checks).toEqual([
    "ruff check .",
    "python manage.py check",
    "python manage.py makemigrations --check --dry-run",
    "python manage.py migrate --noinput",
    "pytest",
  ]);
  expect(api.setup).toMatchObject({ version: "3.13", cache: "api/requirements-dev.txt" });
  const values = Object.fromEntries(api.environment!);
  expect(values["DB_HOST"]).toBe("127.0.0.1");
  expect(values["DEBUG"]).toBe("0");
  expect(values["SECRET_KEY"]).toMatch(/^only-in-this-job/);
  const web = input.jobs.find(job => job.dir === "web")!;
  expect([...web.install, ...web.checks]).toEqual([
    "npm ci",
    "npm run lint",
    "npm run test",
    "npm run build",
  ]);
});

it("gates every step on the one before, and pins every action", async () => {
  const stack = await stackOf(project);
  const { files } = workflow(workflowInput(stack, stack.projects[0]!)!);
  const text = (path: string) => files.find(file => file.path === path)!.text;
  for (const path of [".github/workflows/ci.yml", ".github/workflows/deploy.yml"])
    for (const [, uses] of text(path).matchAll(/uses: (.*)/g))
      expect(uses).toMatch(/^(\.\/\.github\/workflows\/ci\.yml|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  expect(text(".github/workflows/deploy.yml")).toContain("needs: ci");
  expect(text(".github/workflows/deploy.yml")).toContain("needs: images");
  expect(text(".github/workflows/deploy.yml")).toContain('worker: { image: "$IMAGE_API" }');
  expect(text("deploy/release.sh")).toContain("run --rm --no-TTY api python manage.py migrate --noinput");
});

it("has nothing to offer where nothing is built, or nothing can be checked", async () => {
  const pulled = await stackOf("--- compose.yml\nservices:\n  web:\n    image: shop:1\n");
  expect(workflowInput(pulled, pulled.projects[0]!)).toBeUndefined();
  const bare = await stackOf(
    "--- compose.yml\nservices:\n  web:\n    build: .\n--- Dockerfile\nFROM nginx:1.30\nCOPY index.html /usr/share/nginx/html/\n--- index.html\nhi\n",
  );
  expect(workflowInput(bare, bare.projects[0]!)).toBeUndefined();
});
