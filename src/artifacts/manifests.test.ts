import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseToml } from "../formats/toml.ts";
import { lockDrift, lockedPackage } from "./npm-lock.ts";
import { dependsOn, parsePackageManifest } from "./package-manifest.ts";
import { parsePythonManifest } from "./python-dependencies.ts";

const manifest = (text: string) => parsePackageManifest({ path: "web/package.json", text }).model;
const python = (path: string, text: string) => parsePythonManifest({ path, text });
const shown = (path: string, text: string) =>
  python(path, text).model.dependencies.map(each => `${each.group}:${each.name}${each.version}`);

describe("package.json", () => {
  const text = `{"name": "web", "type": "module", "scripts": {"start": "node s.js"}, "engines": {"node": ">=20"},\n "dependencies": {"express": "^4"}, "devDependencies": {"vite": "5"}, "workspaces": ["apps/*"]}`;

  it("gives fields and dependencies with places", () => {
    const read = manifest(text);
    expect(read.type?.value).toBe("module");
    expect(read.scripts.get("start")?.value).toBe("node s.js");
    expect(read.engines.get("node")?.value).toBe(">=20");
    expect(read.workspaces.map(each => each.value)).toEqual(["apps/*"]);
    const express = dependsOn(read, "express")!;
    expect(express).toMatchObject({ range: "^4", group: "dependencies" });
    expect(text.slice(express.at.span.start, express.at.span.end)).toContain("express");
    expect(dependsOn(read, "next")).toBeUndefined();
  });

  it("compares with the lock file by what npm ci compares", () => {
    const lock = (root: object) => ({
      path: "web/package-lock.json",
      text: JSON.stringify({
        lockfileVersion: 3,
        packages: { "": root, "node_modules/express": { version: "4.18.2", engines: { node: ">= 0.10" } } },
      }),
    });
    const good = lock({ dependencies: { express: "^4" }, devDependencies: { vite: "5" } });
    expect(lockDrift(manifest(text), good)).toEqual([]);
    expect(
      lockDrift(manifest(text), lock({ dependencies: { express: "^4" } }))?.map(each => each.name),
    ).toEqual(["vite"]);
    expect(lockDrift(manifest(text), { path: "x", text: "{" })).toBeUndefined();
    expect(lockedPackage(good, "express")).toMatchObject({ version: "4.18.2", engines: ">= 0.10" });
    expect(lockedPackage(good, "vite")).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), each => void manifest(each)));
  });
});

describe("Python dependencies", () => {
  it("reads requirements files", () => {
    const text = `# c\nDjango>=4.2,<5.0  # why\npsycopg2_binary[x,y]==2.9 ; python_version > "3"\n-r base.txt\n--index-url https://x\ngit+https://x/y\n\nuvicorn\r\na==1 \\\n  --hash=sha256:b\n`;
    expect(shown("requirements.txt", text)).toEqual([
      "main:django>=4.2,<5.0",
      "main:psycopg2-binary==2.9",
      "main:uvicorn",
      "main:a==1",
    ]);
    const { model } = python("requirements.txt", text);
    expect(model.includes.map(each => each.value)).toEqual(["base.txt"]);
    const at = model.dependencies[0]!.at.span;
    expect(text.slice(at.start, at.end)).toBe("Django>=4.2,<5.0");
    expect(model.dependencies[1]!.extras).toEqual(["x", "y"]);
    expect(shown("requirements-dev.txt", "pytest\n")).toEqual(["dev:pytest"]);
  });

  it("reads pyproject.toml of PEP 621, poetry and uv", () => {
    const text = `[project]\nrequires-python = ">=3.11"\ndependencies = [\n  "fastapi>=0.1", # web\n  'uvicorn[standard]',\n]\n[project.optional-dependencies]\ntest = ["pytest"]\n[dependency-groups]\ndev = ["ruff>=1"]\n[tool.poetry.dependencies]\npython = "^3.10"\ndjango = "^5"\nchannels = {extras = ["daphne"], version = "^4"}\n[tool.poetry.group.dev.dependencies]\nblack = "*"\n`;
    expect(shown("pyproject.toml", text)).toEqual([
      "main:fastapi>=0.1",
      "main:uvicorn",
      "test:pytest",
      "dev:ruff>=1",
      "main:django^5",
      "main:channels^4",
      "dev:black",
    ]);
    expect(python("pyproject.toml", text).model.python?.value).toBe(">=3.11");
  });

  it("reads a Pipfile", () => {
    expect(shown("Pipfile", `[packages]\ndjango = "==4.2"\n[dev-packages]\npytest = "*"\n`)).toEqual([
      "main:django==4.2",
      "dev:pytest",
    ]);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("requirements.txt", "pyproject.toml", "Pipfile"),
        fc.string(),
        (path, text) => void python(path, text),
      ),
    );
  });
});

describe("parseToml", () => {
  it("gives every pair its path and place, and goes on after a bad line", () => {
    const text = `a = 1\n[b."c.d"]\ne.f = """x\ny"""\n?? bad\ng = { h = [1, [2]], i = true }\n[[j]]\nk = 'l'\n`;
    const { model, problems } = parseToml({ path: "x.toml", text });
    expect(model.map(each => each.path.join("/"))).toEqual(["a", "b/c.d/e/f", "b/c.d/g", "j/k"]);
    expect(problems).toHaveLength(1);
    for (const each of model)
      expect(text.slice(each.key.at.span.start, each.key.at.span.end)).toContain(each.key.value);
  });

  it("never throws and ends, with places inside the text", () => {
    const piece = fc.constantFrom(
      "[",
      "]",
      "{",
      "}",
      "=",
      "a",
      '"',
      "'",
      '"""',
      "\n",
      ",",
      "#",
      ".",
      " ",
      "\\",
      "1",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }).map(each => each.join("")),
        text => {
          const { model, problems } = parseToml({ path: "x.toml", text });
          for (const { at } of [...model.map(each => each.value), ...problems])
            expect(at.span.start <= at.span.end && at.span.end <= text.length).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
