import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PathKind, ProjectFiles } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { link } from "./link.ts";
import type { Stack } from "./stack.ts";

/** A tree in memory. */
function tree(files: Record<string, string>): ProjectFiles {
  const directories = new Set([""]);
  for (const path of Object.keys(files))
    for (let i = path.indexOf("/"); i !== -1; i = path.indexOf("/", i + 1)) directories.add(path.slice(0, i));
  const has = (path: string): PathKind | undefined =>
    path in files ? "file" : directories.has(path) ? "directory" : undefined;
  const sources = new Map(Object.entries(files).map(([path, text]) => [path, { path, text }]));
  return {
    root: "/srv/Shop",
    paths: Object.keys(files).sort(),
    has,
    read: path => {
      const source = sources.get(path);
      return source ? { source } : { problem: { at: locate({ path, text: "" }, 0, 0), message: "absent" } };
    },
    list: directory => [
      ...new Set(
        [...Object.keys(files), ...directories]
          .filter(path => path !== "" && (directory === "" || path.startsWith(`${directory}/`)))
          .map(path => path.slice(directory === "" ? 0 : directory.length + 1).split("/")[0]!),
      ),
    ],
    tracked: () => undefined,
    ignored: () => false,
  };
}

const grades = (stack: Stack): string[] =>
  stack.projects.map(project => `${project.files.join("+")}: ${project.grade}`);
const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

describe("which Compose file is production", () => {
  it.each<[string, Record<string, string>, string[]]>([
    ["the only one there is", { "docker-compose.yml": app }, ["docker-compose.yml: deployed"]],
    [
      "a production file beside the default one",
      { "docker-compose.yml": app, "docker-compose.prod.yml": app },
      ["docker-compose.prod.yml: deployed", "docker-compose.yml: development"],
    ],
    [
      "an overlay and its base",
      { "compose.yml": app, "compose.prod.yml": "services:\n  web:\n    restart: always\n" },
      ["compose.yml+compose.prod.yml: deployed"],
    ],
    [
      "only backing services for a workstation",
      { "compose.yml": "services:\n  db:\n    image: postgres:17\n  cache:\n    image: redis:8\n" },
      ["compose.yml: development"],
    ],
    [
      "an example folder beside the real thing",
      { "compose.yml": app, "examples/a/compose.yml": app },
      ["compose.yml: deployed", "examples/a/compose.yml: development"],
    ],
    [
      "a demo, and a folder of workstations",
      { "compose.yml": app, "compose.demo.yml": app, "docker/devenv/compose.main.yml": app },
      ["compose.demo.yml: staging", "compose.yml: deployed", "docker/devenv/compose.main.yml: development"],
    ],
    [
      "an example of an override is no part of production",
      {
        "compose.yml": "include: [db.yml]\nservices:\n  web:\n    build: .\n  db:\n    restart: always\n",
        "compose.override.example.yml": "services:\n  web:\n    ports: ['8000:80']\n",
      },
      ["compose.yml+compose.override.example.yml: development", "compose.yml: deployed"],
    ],
    [
      "the only one, with services for development in it",
      { "compose.yml": `${app}  web-dev:\n    build: .\n` },
      ["compose.yml: development"],
    ],
    [
      "Laravel Sail",
      {
        "compose.yml":
          "services:\n  laravel.test:\n    build: vendor/laravel/sail/runtimes/8.4\n    image: sail-8.4/app\n",
      },
      ["compose.yml: development"],
    ],
    [
      "the only one, with optional services for development in it",
      { "compose.yml": `${app}  web-dev:\n    build: .\n    profiles: [dev]\n` },
      ["compose.yml: deployed"],
    ],
    [
      "the only one, a development server over mounted sources",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    command: python manage.py runserver 0.0.0.0:8000\n    volumes: ['.:/app']\n",
      },
      ["compose.yml: development"],
    ],
    [
      "the only one, a development server that a machine restarts",
      {
        "compose.yml":
          "services:\n  web:\n    build: .\n    restart: always\n    command: python manage.py runserver 0.0.0.0:8000\n    volumes: ['.:/app']\n",
      },
      ["compose.yml: deployed"],
    ],
    [
      "a file that only its folder speaks for, beside production",
      {
        "docker-compose.prod.yml": `${app}    restart: always\n`,
        "server/deploy/docker-compose.yml": "services:\n  api:\n    build: .\n  cache:\n    image: redis:8\n",
        "edge/deploy/docker-compose.yml":
          "services:\n  api:\n    build: .\n  proxy:\n    image: caddy:2\n    ports: ['443:443']\n",
      },
      [
        "docker-compose.prod.yml: deployed",
        "server/deploy/docker-compose.yml: presumed",
        "edge/deploy/docker-compose.yml: deployed",
      ],
    ],
    [
      "the same services beside the file that is called production",
      { "deploy/docker-compose.yml": app, "deploy/docker-compose.prod.yml": `${app}    restart: always\n` },
      ["deploy/docker-compose.yml: development", "deploy/docker-compose.prod.yml: deployed"],
    ],
    [
      "a comment that calls it production, and one that disclaims it",
      {
        "compose.yml": app,
        "stacks/one/compose.yml":
          "# A viable production setup.\nservices:\n  desk:\n    image: acme/desk:1\n",
        "docker-compose.deploy.yml": `# For internal testing only.\n${app}`,
        "docker-compose.prod.yml": "services:\n  shop:\n    image: acme/shop:1\n    restart: always\n",
      },
      [
        "stacks/one/compose.yml: deployed",
        "docker-compose.deploy.yml: development",
        "docker-compose.prod.yml: deployed",
      ],
    ],
    [
      "a database of its own image, and a tool's stack",
      {
        "compose.yml": `${app}    restart: always\n`,
        "compose.postgres.yml":
          "services:\n  db:\n    build: docker/postgres\n    volumes: ['data:/var/lib/postgresql/data']\n",
        "tools/seed/compose.yml": app,
      },
      ["compose.yml: deployed", "compose.postgres.yml: development", "tools/seed/compose.yml: development"],
    ],
    [
      "a mail catcher, and a comment that says what the password is for",
      {
        "compose.yml": "services:\n  web:\n    build: .\n  mail:\n    image: axllent/mailpit:v1.21\n",
        "deploy/compose.yml":
          "services:\n  api:\n    build: .\n    # These credentials are for a throwaway local\n    # database and nothing else.\n    environment:\n      PASSWORD: shop\n",
      },
      ["compose.yml: development", "deploy/compose.yml: development"],
    ],
    [
      "a copy of the file at the root, and what is only near production",
      {
        "compose.prod.yml": `${app}    restart: always\n`,
        "infra/docker/compose.prod.yml": app,
        "compose.near-prod.yml": app,
      },
      [
        "compose.prod.yml: deployed",
        "infra/docker/compose.prod.yml: development",
        "compose.near-prod.yml: development",
      ],
    ],
    [
      "the only one, where the program of the repository is not in it",
      {
        "compose.yml": "services:\n  db:\n    image: postgres:17\n  ldap:\n    image: example/openldap:2.6\n",
        "pyproject.toml": '[project]\nname = "shopkeeper"\n',
      },
      ["compose.yml: presumed"],
    ],
    [
      "the only one, with the image of the repository's program",
      {
        "compose.yml":
          "services:\n  db:\n    image: postgres:17\n  web:\n    image: ghcr.io/acme/shopkeeper:2\n",
        "pyproject.toml": '[project]\nname = "shopkeeper"\n',
      },
      ["compose.yml: deployed"],
    ],
    [
      "the file that a deploy script names, whatever it is called",
      {
        "compose.yml": app,
        "compose.dev.yml": app,
        "deploy.sh": "#!/bin/sh\ndocker compose -f compose.dev.yml up -d\n",
      },
      ["compose.dev.yml: deployed"],
    ],
    [
      "the default file that a workflow copies to the server",
      {
        "docker-compose.yml": app,
        "docker-compose.test.yml": `${app}    restart: always\n`,
        ".github/workflows/deploy.yml":
          "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          scp docker-compose.yml me@host:app/\n          ssh me@host 'cd app && docker compose up -d'\n",
      },
      ["docker-compose.yml: deployed", "docker-compose.test.yml: staging"],
    ],
    [
      "a file used by the development container",
      { "compose.yml": app, ".devcontainer/devcontainer.json": '{"dockerComposeFile": "../compose.yml"}' },
      ["compose.yml: development"],
    ],
  ])("%s", async (_, files, expected) => {
    expect(grades(await link(tree(files)))).toEqual(expect.arrayContaining(expected));
  });

  it("what the settings name wins", async () => {
    const files = tree({ "compose.yml": app, "compose.prod.yml": app });
    expect(grades(await link(files, { deployed: ["compose.yml"] }))).toEqual(
      expect.arrayContaining(["compose.yml: deployed", "compose.prod.yml: development"]),
    );
  });
});

describe("a service sees", () => {
  it("its build, image, process and component", async () => {
    const stack = await link(
      tree({
        "compose.yml": "services:\n  api:\n    build: {context: api, target: run}\n",
        "api/Dockerfile":
          'FROM python:3.13-slim AS run\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["./start.sh"]\nCMD ["gunicorn", "shop.wsgi:application"]\n',
        "api/start.sh": '#!/bin/sh\nset -e\npython manage.py migrate\nexec "$@"\n',
        "api/manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "api/requirements.txt": "Django==5.2\n",
        "api/shop/settings.py": "DEBUG = False\n",
      }),
    );
    const api = stack.services[0]!;
    expect(api.process!.commands.map(argv => argv.map(word => word.value).join(" "))).toEqual([
      "python manage.py migrate",
      "gunicorn shop.wsgi:application",
    ]);
    expect(api.model!.file("/app/start.sh")).toMatchObject({ has: "yes", source: "api/start.sh" });
    expect(api.component).toMatchObject({ kind: "django", dir: "api" });
  });

  it.each([
    ["postgres:17", undefined, "database"],
    ["postgres:17", "postgres -c max_connections=50", "database"],
    ["postgres:17", "-c max_connections=50", "database"],
    ["redis:8", 'sh -c "exec redis-server --requirepass $$P"', "cache"],
    ["postgres:17", "/backup.sh", "other"],
    ["redis:8", "redis-cli -h cache monitor", "other"],
  ])("%s with the command %s as %s", async (image, command, kind) => {
    const stack = await link(
      tree({
        "compose.yml": `services:\n  a:\n    image: ${image}\n${command ? `    command: ${command}\n` : ""}`,
      }),
    );
    expect(stack.services[0]!.kind).toBe(kind);
  });

  it("the command that Compose gives, without the image's when the entry point is new", async () => {
    const stack = await link(
      tree({
        "compose.yml": "services:\n  a:\n    build: .\n    entrypoint: /bin/tool --x\n",
        Dockerfile: 'FROM debian:12\nENTRYPOINT ["/old"]\nCMD ["old"]\n',
      }),
    );
    expect(stack.services[0]!.process!.argv.map(word => word.value)).toEqual(["/bin/tool", "--x"]);
  });
});

it.each<[string, Record<string, string>, string[]]>([
  [
    "a file for a task that ends",
    { "compose.upgrade-db.yml": "services:\n  db:\n    image: upgrader:17\n", "compose.yml": app },
    ["db"],
  ],
  [
    "programs that end at once",
    {
      "compose.yml":
        "services:\n  off:\n    image: a\n    entrypoint: [echo, disabled]\n  no:\n    image: b\n    command: bash -c 'exit 1'\n  own:\n    image: c\n    entrypoint: sh -xc 'if true; then chown 1 /d; fi'\n    restart: on-failure\n  upgrade:\n    image: e\n    restart: \"no\"\n  web:\n    image: d\n    command: sh -c 'chown 1 /d && serve'\n",
    },
    ["off", "no", "own", "upgrade"],
  ],
])("ends by design: %s", async (_, files, names) => {
  const stack = await link(tree(files));
  expect(stack.services.filter(service => service.oneShot).map(service => service.name)).toEqual(names);
});

it("a file that takes part in two projects tells its problem once", async () => {
  const base = "services:\n  web:\n    build: .\n    build: ./x\n";
  const stack = await link(
    tree({
      "compose.yml": base,
      "compose.prod.yml": "services:\n  web:\n    restart: always\n",
      "compose.stage.yml": "services:\n  web:\n    restart: always\n",
    }),
  );
  expect(stack.problems.filter(problem => problem.message.includes("already defined"))).toHaveLength(1);
});

it("leaves shell problems to the rule that reports them, and keeps those of other texts", async () => {
  const stack = await link(
    tree({
      "compose.yml": app,
      "deploy.sh": "#!/bin/sh\nif true; then\n  docker compose up -d\n",
      Makefile: "deploy:\n\tif true; then docker compose up -d\n",
      ".github/workflows/deploy.yml":
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          docker compose up -d 'open\n",
    }),
  );
  expect(stack.problems.map(problem => problem.at.file)).toEqual(["Makefile"]);
});

it("the files of a vendored module are not the project's", async () => {
  const files = { "compose.yml": app, "vendor/github.com/x/y/docker-compose.yml": app };
  expect(grades(await link(tree(files)))).toEqual(["compose.yml: deployed"]);
});

it("a file that two services lack is one gap", async () => {
  const stack = await link(
    tree({
      "compose.yml":
        "services:\n  a: &a\n    image: nginx:1\n    volumes: ['./n.conf:/etc/nginx/nginx.conf']\n  b: *a\n",
      "n.conf": "http { include /run/made/at/start.conf; }\n",
    }),
  );
  expect(stack.gaps.filter(gap => gap.about.startsWith("nginx include"))).toHaveLength(1);
});

it("never throws, whatever the files hold", async () => {
  const line = fc.constantFrom(
    "services:",
    "  web:",
    "    build: .",
    "    build: ${X:-./a}",
    "    image: a:b",
    "    image: ${",
    "    <<: *x",
    "    extends: web",
    "    command: sh -c 'a && b",
    "    ports: ['1:2:3:4', '${A}:80', {target: x}]",
    "    volumes: [./a:/b, ':', '::', {type: bind}]",
    "    environment: [A, =b, 'C=${D:?}']",
    "    depends_on: {web: 1}",
    "    env_file: [{path: x}, ../../etc/passwd]",
    "    healthcheck: {test: [CMD]}",
    "FROM ${A:-b} AS c",
    "COPY --from=c . ../..",
    "RUN a | (b",
    "CMD [",
    "HEALTHCHECK CMD curl $X",
    "server { listen 80; location / { proxy_pass http://web; }",
    "include *;",
    "}",
    "x: &x",
    "  y: *x",
    "include: [compose.yml]",
    "\t",
    "﻿",
    "export A=$(b",
    "on: push",
    "jobs: {a: {steps: [{run: 'x'}]}}",
  );
  const text = fc.array(line, { maxLength: 14 }).map(lines => lines.join("\n"));
  const paths = [
    "compose.yml",
    "compose.prod.yml",
    "Dockerfile",
    "nginx/nginx.conf",
    ".env",
    "deploy.sh",
    "Makefile",
    ".github/workflows/a.yml",
    "package.json",
    "app/settings.py",
    ".dockerignore",
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: paths.length, maxLength: paths.length }), async texts => {
      const stack = await link(tree(Object.fromEntries(paths.map((path, i) => [path, texts[i]!]))));
      for (const problem of stack.problems) {
        const source = stack.sources.get(problem.at.file);
        expect(problem.at.span.end).toBeLessThanOrEqual(source?.text.length ?? 0);
      }
    }),
    { numRuns: 150 },
  );
});
