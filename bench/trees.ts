import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Surface } from "./peers.ts";

/** `files` files, of which five times `projects` are deployable: the shape of a large monorepo. */
export function bigTree(root: string, files: number, projects: number): readonly string[] {
  const deployable: string[] = [];
  for (let n = 0; n < projects; n++) {
    const home = join(root, "services", `s${n}`);
    const put = (path: string, text: string): void => {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      deployable.push(file);
    };
    put("compose.yml", composeOf(n));
    put(
      "Dockerfile",
      'FROM node:24-bookworm-slim\nWORKDIR /app\nCOPY package.json ./\nCOPY src ./src\nUSER node\nCMD ["node", "src/m0.js"]\n',
    );
    put(
      "nginx/site.conf",
      `server {\n    listen 80;\n    location / {\n        proxy_pass http://app${n}:3000;\n        proxy_set_header Host $host;\n    }\n}\n`,
    );
    put(".env.example", "DATABASE_URL=\nLOG_LEVEL=info\n");
    put("package.json", `{ "name": "s${n}", "version": "1.0.0", "dependencies": { "pg": "8.13.0" } }\n`);
  }
  const text = `export const value = 1;\n${"// a line of a source file\n".repeat(20)}`;
  const made = new Set<string>();
  for (let n = deployable.length; n < files; n++) {
    // Fifty files in a directory, the directories spread over all projects.
    const chunk = Math.floor(n / 50);
    const directory = join(
      root,
      "services",
      `s${chunk % projects}`,
      "src",
      `d${Math.floor(chunk / projects)}`,
    );
    if (!made.has(directory)) mkdirSync(directory, { recursive: true });
    made.add(directory);
    writeFileSync(join(directory, `m${n}.js`), text);
  }
  return deployable;
}

function composeOf(n: number): string {
  return `services:
  proxy:
    image: nginx:1.30
    ports: ["${8000 + n}:80"]
    volumes: ["./nginx/site.conf:/etc/nginx/conf.d/default.conf:ro"]
  app${n}:
    build: .
    restart: unless-stopped
    environment:
      DATABASE_URL: \${DATABASE_URL:?}
      LOG_LEVEL: info
    depends_on: [db]
  db:
    image: postgres:17
    environment:
      POSTGRES_PASSWORD: \${DB_PASSWORD:?}
    volumes: ["data:/var/lib/postgresql/data"]
volumes:
  data:
`;
}

/** `count` copies of a repository beside each other. */
export function copies(root: string, of: string, count: number): void {
  for (let n = 0; n < count; n++) cpSync(of, join(root, `r${n}`), { recursive: true });
}

const skipped = new Set(["node_modules", ".git", ".next", "dist", "venv", ".venv"]);

/** What the peers are given of a directory, found by name alone. */
export function surfaceOf(root: string): Surface {
  const files = walk(root);
  const named = (test: (name: string, path: string) => boolean): readonly string[] =>
    files.filter(file => test(basename(file), relative(root, file)));
  return {
    root,
    compose: named(name => /^(docker-)?compose(\.[\w-]+)*\.ya?ml$/.test(name)),
    dockerfiles: named(name => /^Dockerfile(\.[\w-]+)?$/.test(name)),
    nginx: named((name, path) => name.endsWith(".conf") && /nginx/.test(path)),
    workflows: named((_, path) => /\.github\/workflows\/[^/]+\.ya?ml$/.test(path)),
  };
}

function walk(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}

/** The Compose files alone, at the paths that they have, in a directory of their own. */
export function composeOnly(surface: Surface, target: string): Surface {
  const compose = surface.compose.map(file => {
    const copy = join(target, relative(surface.root, file));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(file, copy);
    return copy;
  });
  return { root: target, compose, dockerfiles: [], nginx: [], workflows: [] };
}
