import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDockerfile, stageFor } from "../../artifacts/dockerfile.ts";
import type { Location } from "../../core/source.ts";
import type { BuildContextView } from "./context.ts";
import { imageOf } from "./image.ts";

/** A context from file paths; ignored ones start with "!". */
function contextOf(...paths: string[]): BuildContextView {
  const files = paths.filter(path => !path.startsWith("!"));
  return {
    dir: "app",
    has: path =>
      files.includes(path)
        ? "file"
        : files.some(file => file.startsWith(`${path}/`))
          ? "directory"
          : undefined,
    list: dir => [
      ...new Set(
        files
          .filter(file => dir === "" || file.startsWith(`${dir}/`))
          .map(file => file.slice(dir === "" ? 0 : dir.length + 1).split("/")[0]!),
      ),
    ],
    why: path => ({ reason: paths.includes(`!${path}`) ? "ignored" : "absent" }),
  };
}

function image(text: string, context?: BuildContextView, args: Record<string, string> = {}) {
  const { model } = readDockerfile({ path: "Dockerfile", text });
  return imageOf(model, stageFor(model)!, context, new Map(Object.entries(args)));
}
const has = (text: string, path: string, ...paths: string[]) =>
  image(text, contextOf(...paths)).file(path).has;
const tool = (text: string, name: string) => image(text).tool(name).has;
const line = (text: string, at: Location | undefined) =>
  at ? text.slice(0, at.span.start).split("\n").length : undefined;

describe("files", () => {
  const app =
    "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY src/ ./\nRUN useradd -m app && chown -R app:app /app\nUSER app\n";

  test("a copied directory brings its contents, and what nothing brings is absent", () => {
    const paths = ["requirements.txt", "src/main.py", "worker.py"];
    expect(image(app, contextOf(...paths)).file("/app/main.py")).toMatchObject({
      has: "yes",
      kind: "file",
      source: "app/src/main.py",
    });
    expect(has(app, "/app/requirements.txt", ...paths)).toBe("yes");
    expect(has(app, "/app/worker.py", ...paths)).toBe("no");
    expect(has(app, "/app/src/main.py", ...paths)).toBe("no");
    expect(has(app, "/app", ...paths)).toBe("yes");
    expect(has(app, "/usr/lib/x.so", ...paths)).toBe("unknown");
  });

  test("a build tool may write wherever its options name an absolute path", () => {
    const go =
      "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY go.mod ./\nRUN go build -o /out/api ./cmd/api\n";
    expect(has(go, "/out/api", "go.mod")).toBe("unknown");
    expect(has(go, "/app/api", "go.mod")).toBe("no");
    const pip = "FROM python:3.12-slim\nRUN pip install --target=/deps flask\n";
    expect(has(pip, "/deps/flask")).toBe("unknown");
  });

  test("without a context nothing copied from it is denied", () => {
    expect(image(app).file("/app/worker.py").has).toBe("unknown");
  });

  test.each([
    ["RUN python manage.py collectstatic", "unknown"],
    ["RUN ./build.sh", "unknown"],
    ["RUN curl -sSL https://example.com/i.sh | sh", "unknown"],
    ["RUN make", "unknown"],
    ["RUN git clone https://example.com/x.git", "unknown"],
    ["RUN $TOOL", "unknown"],
    ["RUN cp -r /x /app/y", "unknown"],
    ["RUN pip install -e .", "unknown"],
    ["RUN echo hi > /app/y/z", "yes"],
    ["RUN mkdir -p /app/y/z", "yes"],
    ["RUN mkdir -p y && touch y/z", "yes"],
    ["RUN cd y && touch z", "yes"],
    ["RUN test -f x || touch /app/y/z", "unknown"],
    ["RUN <<E\nmkdir y\necho hi >y/z\nE", "yes"],
    ["RUN <<E python3\nopen('y/z', 'w')\nE", "unknown"],
    ['RUN ["./build.sh"]', "unknown"],
    [
      "RUN apt-get update && apt-get install -y --no-install-recommends gcc && rm -rf /var/lib/apt/lists/*",
      "no",
    ],
    ["RUN pip install flask", "no"],
    ["RUN chmod -R 755 /app && python --version", "no"],
    ["RUN adduser -D app; mkdir -p /data", "no"],
  ])("after %j the file is %s", (run, answer) => {
    expect(has(`FROM python:3.12\nWORKDIR /app\nCOPY . .\n${run}`, "/app/y/z", "x")).toBe(answer);
  });

  test("a JavaScript build may write output, but no configuration that people write", () => {
    const text =
      "FROM node:22-alpine\nWORKDIR /app\nCOPY src/package.json .\nRUN npm ci\nCOPY src/ ./src/\nRUN npm run build\n";
    const paths = ["src/package.json", "src/next.config.js", "src/public/a.png"];
    expect(has(text, "/app/.next", ...paths)).toBe("unknown");
    expect(has(text, "/app/public", ...paths)).toBe("unknown");
    expect(has(text, "/app/next.config.js", ...paths)).toBe("no");
    expect(has(text, "/app/src/next.config.js", ...paths)).toBe("yes");
  });

  test("a file goes into a directory that is there, else it takes the name", () => {
    expect(has("FROM alpine\nWORKDIR /app\nCOPY a /app", "/app/a", "a")).toBe("yes");
    expect(has("FROM alpine\nCOPY a /app", "/app/a", "a")).toBe("no");
    expect(image("FROM alpine\nCOPY a /app", contextOf("a")).file("/app")).toMatchObject({
      has: "yes",
      kind: "file",
    });
    expect(has("FROM alpine\nCOPY a b /app/", "/app/b", "a", "b")).toBe("yes");
    expect(has("FROM nginx\nCOPY a.conf /etc/nginx/conf.d", "/etc/nginx/conf.d/a.conf", "a.conf")).toBe(
      "yes",
    );
    expect(has("FROM alpine\nCOPY --parents x/a /app/", "/app/x/a", "x/a")).toBe("yes");
  });

  test("patterns bring files by name and directories by content", () => {
    const text = "FROM alpine\nCOPY pack*.json d* /app/";
    const paths = ["package.json", "package-lock.json", "d1/x", "e/y"];
    expect(has(text, "/app/package-lock.json", ...paths)).toBe("yes");
    expect(has(text, "/app/x", ...paths)).toBe("yes");
    expect(has(text, "/app/d1", ...paths)).toBe("no");
    expect(image(text, contextOf(...paths)).list("/app")).toEqual([
      "/app/package-lock.json",
      "/app/package.json",
      "/app/x",
    ]);
  });

  test("files follow COPY --from through stages; other images are unknown", () => {
    const text =
      "FROM alpine AS a\nCOPY x /o/x\nRUN rm /o/gone\nFROM scratch\nCOPY --from=a /o /p\nCOPY --from=other:1 /q /r\n";
    expect(image(text, contextOf("x")).file("/p/x")).toMatchObject({ has: "yes", source: "app/x" });
    expect(has(text, "/p/y", "x")).toBe("no");
    expect(has(text, "/r/z", "x")).toBe("unknown");
    expect(has(text, "/etc/passwd", "x")).toBe("no");
  });

  test("what is removed is gone, what comes later is there again", () => {
    const text = "FROM alpine\nCOPY . /app\nRUN rm -rf /app/t\n";
    expect(has(text, "/app/t/x", "t/x", "u")).toBe("no");
    expect(has(`${text}COPY t /app/t`, "/app/t/x", "t/x", "u")).toBe("yes");
    expect(has(`FROM alpine\nCOPY . /app\nRUN rm -rf /app/t && ./gen.sh`, "/app/t/x", "t/x")).toBe("unknown");
  });

  test("ADD of URLs and archives, --exclude and unknown variables stay unknown", () => {
    expect(has("FROM alpine\nADD https://e.com/x.tgz /app/", "/app/y", "a")).toBe("unknown");
    expect(has("FROM alpine\nADD a.tar.gz /app/", "/app/y", "a.tar.gz")).toBe("unknown");
    expect(has("FROM alpine\nCOPY --exclude=*.py . /app/", "/app/a.py", "a.py")).toBe("unknown");
    expect(has("FROM alpine\nARG D\nCOPY . $D", "/app/y", "a")).toBe("unknown");
    expect(has("FROM mycompany/base\nCOPY . /app", "/app/y", "a")).toBe("unknown");
  });

  test("what an official base image has is not denied", () => {
    expect(has("FROM postgres:16", "/docker-entrypoint-initdb.d/x.sql")).toBe("unknown");
    expect(has("FROM nginx", "/usr/share/nginx/html/index.html")).toBe("unknown");
    expect(has("FROM nginx", "/docker-entrypoint.sh")).toBe("unknown");
    expect(has("FROM node:22", "/usr/src/app/index.js")).toBe("no");
  });
});

test("a file can be asked for just before a step, and each stage that is built has its model", () => {
  const text =
    "FROM node:22 AS b\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nFROM node:22 AS unused\nRUN npm i\nFROM nginx\nCOPY --from=b /app/dist /usr/share/nginx/html\n";
  const model = image(text, contextOf("package.json"));
  expect(model.built.map(each => each.stage.index)).toEqual([0, 2]);
  expect(model.built.at(-1)).toBe(model);
  const builder = model.built[0]!;
  expect(builder.file("/app/package-lock.json").has).toBe("unknown");
  expect(builder.fileBefore(builder.packages[0]!.at, "/app/package-lock.json").has).toBe("no");
});

describe("missing sources", () => {
  const missing = (text: string, ...paths: string[]) =>
    image(text, contextOf(...paths)).missingSources.map(each => [each.path, each.reason, each.fromStage]);

  test("absent and ignored sources are told apart", () => {
    expect(missing("FROM alpine\nCOPY a b ./c/ /d/", "a", "!b")).toEqual([
      ["b", "ignored", undefined],
      ["c", "absent", undefined],
    ]);
  });

  test("a pattern without matches copies nothing and fails nothing", () => {
    expect(missing("FROM alpine\nCOPY package*.json yarn.lock* ./", "x")).toEqual([]);
  });

  test("only stages that are needed count; a stage that surely lacks a path counts too", () => {
    const text =
      "FROM alpine AS t\nCOPY nope .\nFROM node:22 AS b\nWORKDIR /app\nCOPY . .\nRUN npm run build\nFROM nginx\nCOPY --from=b /app/next.config.js /x\nCOPY --from=b /app/dist /y\n";
    expect(missing(text, "package.json")).toEqual([["/app/next.config.js", "absent", 1]]);
  });

  test("leading slashes and dots, the whole context, and URLs are fine", () => {
    expect(missing("FROM alpine\nCOPY /a ./b/../a . /\nADD https://e.com/x /", "a")).toEqual([]);
  });
});

describe("tools", () => {
  test.each([
    ["FROM python:3.12-slim", "curl", "no"],
    ["FROM python:3.12", "curl", "yes"],
    ["FROM node:22-alpine", "wget", "yes"],
    ["FROM node:22-alpine", "curl", "no"],
    ["FROM nginx:1.27-alpine-slim", "curl", "no"],
    ["FROM nginx:1.27-alpine", "curl", "yes"],
    ["FROM nginx:1.18", "curl", "unknown"],
    ["FROM mycompany/base", "curl", "unknown"],
    ["FROM mycompany/base\nRUN apt-get install -y curl", "curl", "yes"],
    ["FROM scratch", "sh", "no"],
    [
      "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y \\\n  gcc \\\n  curl=7.88.* && rm -rf /x",
      "curl",
      "yes",
    ],
    ["FROM python:3.12-slim\nRUN apt-get install -y gcc libpq-dev", "curl", "no"],
    ["FROM python:3.12-slim\nRUN apt-get install -y $PACKAGES", "curl", "unknown"],
    ["FROM python:3.12-slim\nRUN xargs apt-get install -y < packages.txt", "curl", "unknown"],
    ["FROM python:3.12-slim\nRUN apt-get install -y texlive-full", "wget", "unknown"],
    ["FROM python:3.12-slim\nRUN apt-get install -y gcc", "python3", "yes"],
    ["FROM debian:12\nRUN apt-get install -y gcc", "python3", "unknown"],
    [
      "FROM alpine\nRUN apk add --no-cache --virtual .b gcc && apk add postgresql16-client",
      "pg_isready",
      "yes",
    ],
    ["FROM alpine\nRUN apk add --no-cache tini", "/sbin/tini", "yes"],
    ["FROM node:22-slim\nRUN npm ci", "curl", "no"],
    ["FROM node:22-slim\nRUN npm install -g pm2", "pm2", "yes"],
    ["FROM python:3.12-slim\nRUN pip install gunicorn==21 uvicorn[standard]", "uvicorn", "yes"],
    ["FROM python:3.12-slim\nRUN pip install -r requirements.txt", "gunicorn", "unknown"],
    ["FROM python:3.12-slim\nRUN npx playwright install --with-deps", "wget", "unknown"],
    ["FROM alpine AS a\nRUN apk add curl\nFROM alpine\nCOPY --from=a /usr/bin/curl /usr/bin/", "curl", "yes"],
    [
      "FROM python:3.12-slim AS a\nFROM python:3.12-slim\nCOPY --from=a /usr/local/bin /usr/local/bin",
      "curl",
      "no",
    ],
    [
      "FROM python:3.12-slim AS a\nRUN apt-get install -y curl\nFROM python:3.12-slim\nCOPY --from=a /usr/local/bin /usr/local/bin",
      "curl",
      "unknown",
    ],
    ["FROM python:3.12-slim\nCOPY . /app", "curl", "no"],
    ["FROM python:3.12-slim\nADD https://e.com/tini /usr/bin/tini", "tini", "yes"],
  ])("%j: %s is %s", (text, name, answer) => expect(tool(text, name)).toBe(answer));

  test("an answer shows its place", () => {
    const text = "FROM node:22-alpine\nRUN apk add \\\n  dumb-init \\\n  curl\n";
    expect(line(text, image(text).tool("curl").at)).toBe(4);
    expect(line(text, image(text).tool("psql").at)).toBe(1);
  });
});

describe("settings", () => {
  test("parents' settings are inherited, an ENTRYPOINT drops an inherited CMD", () => {
    const text =
      'FROM alpine AS p\nENV A=1 B=2\nWORKDIR /w\nUSER u\nCMD ["c"]\nEXPOSE 1\nFROM p\nENV B=3\nEXPOSE 2\nENTRYPOINT ["e"]\nHEALTHCHECK NONE';
    const model = image(text);
    expect([...model.env].map(([name, value]) => [name, value.value])).toEqual([
      ["A", "1"],
      ["B", "3"],
    ]);
    expect(model).toMatchObject({
      workdir: "/w",
      user: { value: "u" },
      runsAsRoot: false,
      entrypoint: { text: "e" },
      healthcheck: { disabled: true },
    });
    expect(model.cmd).toBeUndefined();
    expect(model.exposes.map(each => each.value)).toEqual(["1", "2"]);
    expect(image('FROM alpine\nCMD ["c"]\nENTRYPOINT ["e"]').cmd?.text).toBe("c");
  });

  test.each([
    ["FROM python:3.12", true],
    ["FROM python:3.12\nUSER app", false],
    ["FROM python:3.12\nUSER app\nUSER 0:0", true],
    ["FROM python:3.12\nARG U\nUSER $U", undefined],
    ["FROM mycompany/base", undefined],
    ["FROM postgres:16", false],
    ['FROM redis:7\nCMD ["redis-server", "/x.conf"]', false],
    ['FROM redis:7\nENTRYPOINT ["/run.sh"]', true],
    ["FROM prom/prometheus", false],
    ['FROM alpine\nRUN apk add su-exec\nENTRYPOINT ["/e.sh"]', undefined],
    ["FROM gcr.io/distroless/nodejs22-debian12:nonroot", false],
  ])("%j runs as root: %s", (text, answer) => expect(image(text).runsAsRoot).toBe(answer));

  test("build arguments choose the base", () => {
    expect(image("ARG V=3.12\nFROM python:$V", undefined, { V: "3.13-slim" }).base).toMatchObject({
      name: "python",
      tag: "3.13-slim",
    });
    expect(image("FROM $X").base).toBeUndefined();
  });
});

describe("packages", () => {
  const packages = (text: string) =>
    image(text).packages.map(each => [
      each.manager,
      each.names.map(name => name.value),
      each.requirementFiles.map(file => file.value),
      each.dev,
      each.needsLock,
    ]);

  test.each<[string, unknown[]]>([
    ["npm ci", ["npm", [], [], true, true]],
    ["npm ci --omit=dev", ["npm", [], [], false, true]],
    ["npm ci --omit dev", ["npm", [], [], false, true]],
    ["npm ci --only=production", ["npm", [], [], false, true]],
    ["npm install --legacy-peer-deps", ["npm", [], [], true, false]],
    ["npm install --production express@4", ["npm", ["express"], [], false, false]],
    ["npm i -g @scope/cli@2", ["npm", ["@scope/cli"], [], false, false]],
    ["yarn --frozen-lockfile", ["yarn", [], [], true, true]],
    ["pnpm install --prod --frozen-lockfile", ["pnpm", [], [], false, true]],
    ["poetry install --no-root", ["poetry", [], [], true, false]],
    ["poetry install --only main", ["poetry", [], [], false, false]],
    ["poetry export --without-hashes --output all.txt", ["poetry", [], [], false, false]],
    ["poetry export --with dev -o all.txt", ["poetry", [], [], true, false]],
    ["uv sync --frozen --no-dev", ["uv", [], [], false, true]],
    [
      "pip install --no-cache-dir -r a.txt -rb.txt 'x>=1' y[z]==2",
      ["pip", ["x", "y"], ["a.txt", "b.txt"], false, false],
    ],
    ["python3 -m pip install -U pip", ["pip", ["pip"], [], false, false]],
    ["DEBIAN_FRONTEND=noninteractive apt-get install -yq a=1 b", ["apt", ["a", "b"], [], false, false]],
    ["composer install --no-dev", ["composer", [], [], false, false]],
  ])("%s", (run, expected) => expect(packages(`FROM x\nRUN ${run}`)).toEqual([expected]));

  test.each([
    "npm ci --production=false",
    "npm ci --only=dev",
    "yarn install --production=false",
    "pnpm i --prod=false",
  ])("%s weighs more than NODE_ENV", run =>
    expect(packages(`FROM node:22\nENV NODE_ENV=production\nRUN ${run}`)[0]![3]).toBe(true),
  );

  test("NODE_ENV before the command leaves development packages out", () => {
    expect(packages("FROM node:22\nENV NODE_ENV=production\nRUN npm ci")[0]![3]).toBe(false);
    expect(packages("FROM node:22\nRUN npm ci\nENV NODE_ENV=production")[0]![3]).toBe(true);
  });
});

test("never throws and ends quickly on hostile files", () => {
  const lines = fc.constantFrom(
    "FROM alpine AS a",
    "FROM a AS b",
    "FROM scratch",
    "COPY --from=b / /",
    "COPY --from=a / /",
    "COPY . .",
    "COPY * $X",
    "RUN rm -rf / && mkdir /x",
    "RUN cd .. && touch a",
    "WORKDIR ../..",
    "ADD x /y",
    "COPY --parents a/b* c",
    "RUN",
    'RUN ["a"]',
    "RUN <<E\ncd $X\nE",
    "USER $U",
    "CMD a",
    "RUN if a; then b; fi",
  );
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 20 }), parts => {
      const { model } = readDockerfile({ path: "Dockerfile", text: parts.join("\n") });
      const stage = stageFor(model);
      if (!stage) return;
      const built = imageOf(model, stage, contextOf("a/b", "x"));
      for (const path of ["/", "/a/b", "/x/y/z", "relative", ""]) built.file(path);
      built.list("/");
      built.tool("curl");
      void built.missingSources;
    }),
  );
  // Stages that copy from each other in both directions, many times.
  const knot = Array.from(
    { length: 40 },
    (_, i) =>
      `FROM alpine AS s${i}\n${Array.from({ length: 40 }, (_, j) => `COPY --from=s${j} / /`).join("\n")}`,
  ).join("\n");
  const start = performance.now();
  image(knot).file("/a/b/c");
  image(knot).tool("curl");
  expect(performance.now() - start).toBeLessThan(20_000);
});
