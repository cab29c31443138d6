import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";

const app = "services:\n  web:\n    build: .\n  db:\n    image: postgres:17\n";

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
    ["handed on by the entry point", 'ENTRYPOINT ["./entry.sh"]\nCMD ["./start.sh"]\n', "nc -z db 5432"],
    ["started by a shell", "CMD mkdir -p logs && sh ./start.sh\n", "mkdir -p logs"],
    ["in shell form", "CMD ./start.sh\n", undefined],
  ])("the program of a script that is %s", async (_, start, before) => {
    const stack = await link(
      tree({
        "compose.yml": "services:\n  api:\n    build: .\n",
        Dockerfile: `FROM python:3.13-slim\nENV HOME_DIR=/app\nWORKDIR $HOME_DIR\nCOPY . .\n${start}`,
        "entry.sh": '#!/bin/sh\nnc -z db 5432\nexec "$@"\n',
        "start.sh": "#!/bin/sh\npython manage.py migrate\ngunicorn shop.wsgi\n",
      }),
    );
    expect(stack.services[0]!.process!.commands.map(argv => argv.map(word => word.value).join(" "))).toEqual([
      ...(before ? [before] : []),
      "python manage.py migrate",
      "gunicorn shop.wsgi",
    ]);
  });

  it("the program behind `conda run`", async () => {
    const stack = await link(
      tree({
        "compose.yml": "services:\n  api:\n    build: .\n",
        Dockerfile:
          "FROM continuumio/miniconda3:24.7.1-0\nWORKDIR /app\nCOPY . .\nCMD conda run --no-capture-output -n shop gunicorn shop.wsgi\n",
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "requirements.txt": "Django==5.2\n",
        "shop/settings.py": "DEBUG = False\n",
      }),
    );
    expect(stack.services[0]!.process!.program!.value).toBe("gunicorn");
    expect(stack.services[0]!.component).toMatchObject({ kind: "django" });
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
  const { projects } = await link(tree(files));
  expect(projects.map(project => project.grade)).toEqual(["deployed"]);
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

describe("what nothing starts from does not fail an audit", () => {
  const compose = "services:\n  web:\n    build: .\n";
  const good = { "compose.yml": compose, Dockerfile: "FROM node:24\n" };
  const form = "FROM ${image.name}\n";

  it.each([
    [
      "an empty Dockerfile beside one that is built",
      { ...good, "old/Dockerfile": "" },
      [],
      ["old/Dockerfile"],
    ],
    ["the Dockerfile that is built", { ...good, Dockerfile: "" }, ["Dockerfile"], []],
    ["the only Dockerfile", { Dockerfile: "" }, ["Dockerfile"], []],
    ["a form, also where nothing is built", { "base/Dockerfile": form }, [], ["base/Dockerfile"]],
    ["an example of an env file", { ...good, ".env.example": "a/b=1\n" }, [], [".env.example"]],
    [
      "an example that a service is given",
      {
        "compose.yml": "services:\n  web:\n    image: nginx\n    env_file: .env.example\n",
        ".env.example": "a/b=1\n",
      },
      [".env.example"],
      [],
    ],
    ["a form that is built", { ...good, Dockerfile: form }, ["Dockerfile"], []],
    [
      "a form of an nginx configuration",
      { ...good, "nginx/nginx.conf": "http {\n  server {\n    listen {% if tls %} 443 {% endif %};\n" },
      [],
      ["nginx/nginx.conf"],
    ],
    [
      "a configuration that somebody may use",
      { ...good, "nginx/nginx.conf": "http {\n  server {\n    listen 80;\n" },
      ["nginx/nginx.conf"],
      [],
    ],
  ])("%s", async (_what, files, problems, gaps) => {
    const stack = await link(tree(files));
    expect([...new Set(stack.problems.map(problem => problem.at.file))]).toEqual(problems);
    expect(stack.gaps.filter(gap => gap.at && !gap.fatal).map(gap => gap.about)).toEqual(gaps);
  });
});

describe("an image that is pulled is the one that a workflow pushes", () => {
  const dollar = "$";
  const workflow = (steps: string) =>
    `on: {push: {branches: [main]}}\nenv:\n  REPOSITORY: ghcr.io/acme/berths\njobs:\n  push:\n    runs-on: ubuntu-24.04\n    env: {API: berths-api}\n    steps:\n${steps}`;
  const pushed = (tags: string) =>
    `      - uses: docker/build-push-action@v6\n        with: {context: ., push: true, tags: "${tags}"}\n`;
  const names = `      - id: names\n        uses: docker/metadata-action@v5\n        with: {images: "${dollar}{{ env.REPOSITORY }}"}\n`;

  it.each([
    [
      `ghcr.io/${dollar}{OWNER}/berths-api:1`,
      pushed(`ghcr.io/acme/${dollar}{{ env.API }}:${dollar}{{ github.sha }}`),
      true,
    ],
    ["ghcr.io/acme/berths:main", names + pushed(`${dollar}{{ steps.names.outputs.tags }}`), true],
    [`${dollar}{IMAGE:?say which}`, names + pushed(`${dollar}{{ steps.names.outputs.tags }}`), true],
    ["ghcr.io/acme/shop:1", pushed(`ghcr.io/${dollar}{{ github.repository }}:1`), true],
    ["ghcr.io/acme/other:1", names + pushed(`${dollar}{{ steps.names.outputs.tags }}`), false],
  ])("%s", async (image, steps, ours) => {
    const stack = await link(
      tree({
        "compose.prod.yml": `services:\n  api:\n    image: "${image}"\n`,
        Dockerfile: "FROM python:3.13-slim\nWORKDIR /srv\n",
        ".github/workflows/push.yml": workflow(steps),
      }),
    );
    expect(stack.services[0]!.model?.workdir).toBe(ours ? "/srv" : undefined);
  });
});

it("a config of Compose is a file of the repository at its place", async () => {
  const stack = await link(
    tree({
      "compose.yml":
        "services:\n  edge:\n    image: nginx:1.30\n    configs:\n      - source: site\n        target: /etc/nginx/conf.d/default.conf\n      - plain\n      - made\nconfigs:\n  site: {file: ./edge/site.conf}\n  plain: {file: ./edge/plain.txt}\n  made: {content: hello}\n",
      "edge/site.conf": "server { listen 8080; }\n",
      "edge/plain.txt": "harbour\n",
    }),
  );
  expect(
    stack.services[0]!.mounts.map(({ repositoryPath, target }) => `${repositoryPath} ${target}`),
  ).toEqual(["edge/site.conf /etc/nginx/conf.d/default.conf", "edge/plain.txt /plain"]);
  expect(stack.proxies[0]!.effective.servers[0]!.listens[0]!.port).toBe(8080);
});

it("a matrix builds one image for each run", async () => {
  const dollar = "$";
  const stack = await link(
    tree({
      "compose.prod.yml":
        "services:\n  api:\n    image: ghcr.io/acme/harbour-api:1\n  web:\n    image: ghcr.io/acme/harbour-web:1\n",
      "api/Dockerfile": "FROM python:3.13-slim\nWORKDIR /api\n",
      "web/Dockerfile": "FROM python:3.13-slim\nWORKDIR /web\n",
      ".github/workflows/push.yml": `on: {push: {branches: [main]}}\njobs:\n  push:\n    runs-on: ubuntu-24.04\n    strategy:\n      matrix:\n        part: [api, web]\n        include:\n          - {part: api, folder: ./api}\n          - {part: web, folder: ./web}\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: ${dollar}{{ matrix.folder }}\n          push: true\n          tags: ghcr.io/acme/harbour-${dollar}{{ matrix.part }}:1\n`,
    }),
  );
  expect(stack.services.map(({ name, model }) => `${name} ${model?.workdir}`)).toEqual([
    "api /api",
    "web /web",
  ]);
});
