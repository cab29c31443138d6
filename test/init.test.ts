import { expect, it } from "vitest";
import { application, found, lock, written } from "./init-application.ts";

it("finds the applications and what they need", async () => {
  const { plan } = await written(application);
  expect(plan.apps.map(app => [app.name, app.component.kind, app.routes])).toEqual([
    ["web", "vite", ["/"]],
    ["api", "django", ["/api", "/shop"]],
  ]);
  expect([plan.database, plan.redis]).toEqual(["postgres", true]);
});

it("writes a stack that the audit finds nothing wrong with, beside what is no file of a deployment", async () => {
  const { stack } = await written(application);
  expect(stack.problems).toEqual([]);
  // Tests and alarms are not in these files.
  expect(found(stack).filter(each => !/^(pipeline\/present|observe\/)/.test(each))).toEqual([]);
});

it("passes every variable that the code reads, with the names of the services", async () => {
  const { stack } = await written(application);
  const api = stack.services.find(service => service.name === "api")!;
  const values = Object.fromEntries(api.environment.map(each => [each.name, each.value?.raw]));
  expect(values).toMatchObject({
    SECRET_KEY: "${SECRET_KEY:?}",
    ALLOWED_HOSTS: "${SITE_DOMAIN:?},localhost,127.0.0.1",
    DB_HOST: "db",
    DB_PASSWORD: "${DB_PASSWORD:?}",
    CELERY_BROKER_URL: "redis://:${REDIS_PASSWORD:?}@redis:6379/0",
  });
});

it("starts nothing before what it needs, and serves static files by a server of their own", async () => {
  const { stack, text } = await written(application);
  const api = stack.services.find(service => service.name === "api")!;
  expect(api.dependsOn.map(each => [each.service, each.condition])).toEqual([
    ["db", "service_healthy"],
    ["redis", "service_healthy"],
    ["migrate", "service_completed_successfully"],
  ]);
  expect(stack.services.map(service => service.name)).toContain("worker");
  expect(stack.services.find(service => service.name === "api-static")?.build?.stage?.name?.value).toBe(
    "static",
  );
  expect(text("front-door/templates/default.conf.template")).toContain("/static");
});

it("names every variable once in the settings' template, and the script knows which are made up", async () => {
  const { text } = await written(application);
  const names = [...text(".env.example").matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
  expect(names).toEqual([...new Set(names)]);
  expect(names).toEqual(
    expect.arrayContaining(["SITE_DOMAIN", "ACME_EMAIL", "DB_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"]),
  );
  expect(text("scripts/make-settings.sh")).toContain(
    "DB_PASSWORD | REDIS_PASSWORD | SECRET_KEY) value=$(random)",
  );
});

it("leaves out what it does not know, with the reason", async () => {
  const { plan } = await written({
    ...application,
    "tools/package.json": '{"dependencies": {"express": "5.0.0"}}',
  });
  expect(plan.left.map(each => each.component.dir)).toEqual(["tools"]);
});

it("leaves out pages that no Dockerfile can build, and gives their paths to the program", async () => {
  const { plan, stack } = await written({
    ...application,
    "web/index.html": '<script type="module" src="/src/main.js"></script>\n',
    "web/src/main.js": 'import { dates } from "./dates";\ndates();\n',
  });
  expect(plan.left.map(each => each.because)).toEqual([
    'its build fails on every machine: web/src/main.js imports "./dates", which is not in the repository. Mend that, take this stack back, and run init again',
  ]);
  expect(plan.apps.map(app => [app.name, app.routes])).toEqual([["api", ["/"]]]);
  expect(stack.services.some(service => service.name === "web")).toBe(false);
});

it.each([
  [
    "a style sheet's plug-in",
    '"tailwindcss": "^4.1.16", ',
    "web/postcss.config.js names tailwindcss as a plug-in",
  ],
  ["a Tailwind of that plug-in", '"tailwindcss": "^3.4.18", ', undefined],
])("knows %s that ends the build", async (_, dependency, because) => {
  const { plan } = await written({
    ...application,
    "web/package.json": `{"scripts": {"build": "vite build"}, "devDependencies": {${dependency}"vite": "7.2.2"}}`,
    "web/postcss.config.js": "export default {\n  plugins: {\n    tailwindcss: {},\n  },\n};\n",
  });
  expect(plan.left.map(each => each.because)).toEqual(
    because === undefined ? [] : [expect.stringContaining(because)],
  );
});

it.each([
  [
    "pyproject.toml",
    '[project]\nname = "api"\ndependencies = ["fastapi==0.121.0", "shared"]\n\n[tool.uv.sources]\nshared = { path = "../shared", editable = true }\n',
  ],
  ["requirements.txt", "fastapi==0.121.0\nuvicorn==0.38.0\n-e ../shared\n"],
])("leaves out a program whose %s installs a package beside it", async (name, text) => {
  const { plan } = await written({
    "web/package.json": application["web/package.json"]!,
    "web/package-lock.json": lock,
    "web/index.html": application["web/index.html"]!,
    [`scores/${name}`]: text,
    "scores/uv.lock": "version = 1\n",
    "scores/main.py":
      'from fastapi import FastAPI\napp = FastAPI()\n@app.get("/scores")\ndef scores():\n    return []\n',
  });
  expect(plan.left.map(each => each.because)).toEqual([
    "it is installed together with ../shared, which is no part of its own folder",
  ]);
});

it("knows the kind of the database and the site's address where only their names are in the code", async () => {
  const { stack, plan, text } = await written({
    ...application,
    "api/shop/settings.py": application["api/shop/settings.py"]!.replace(
      '"django.db.backends.postgresql"',
      'os.environ.get("SQL_ENGINE")',
    ).replace('os.environ["ALLOWED_HOSTS"].split(",")', '["shop.example.org", "localhost"]'),
    "web/index.html": '<script type="module" src="/src/main.ts"></script>\n',
    "web/src/main.ts":
      "fetch(`${import.meta.env.VITE_HOST}/api/health/`);\nnew WebSocket(`${import.meta.env.VITE_LIVE}/ws/berths`);\nfetch(import.meta.env.VITE_TIDES_URL);\n",
  });
  const api = stack.services.find(service => service.name === "api")!;
  const values = Object.fromEntries(api.environment.map(each => [each.name, each.value?.raw]));
  expect(values["SQL_ENGINE"]).toBe("django.db.backends.postgresql");
  expect(text("compose.yml")).toContain("VITE_HOST: ${VITE_HOST:-https://${SITE_DOMAIN:?}}");
  expect(text("compose.yml")).toContain("VITE_LIVE: ${VITE_LIVE:-wss://${SITE_DOMAIN:?}}");
  expect(plan.afterwards).toEqual([
    'Set VITE_TIDES_URL in .env before "web" is built: the browser\'s code takes this address from there and has none of its own.',
    'Let "api" answer to the site\'s name: ALLOWED_HOSTS in api/shop/settings.py has "shop.example.org", and every other name is refused.',
  ]);
});

it("gives the site to the pages for visitors, and says what those beside them need", async () => {
  const pages = (kind: string) =>
    `{"scripts": {"build": "${kind} build"}, "dependencies": {"${kind}": "7.2.2"}}`;
  const { plan } = await written({
    "admin/package.json": pages("vite"),
    "admin/package-lock.json": lock,
    "admin/index.html": "",
    "shop/package.json": pages("next"),
    "shop/package-lock.json": lock,
    "shop/pages/index.js": "export default () => null;\n",
  });
  expect(plan.apps.map(app => [app.component.dir, app.name, app.routes])).toEqual([
    ["shop", "web", ["/"]],
    ["admin", "admin", ["/admin"]],
  ]);
  expect(plan.afterwards).toEqual([
    'Build "admin" for its path /admin (base in vite.config), or give it a name of its own in front-door/templates: its pages ask for their files at the root of the site.',
  ]);
});

it("lets the logger of a Node program write into its folder", async () => {
  const { text } = await written({
    "package.json":
      '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "5.1.0", "winston": "3.18.3"}}',
    "package-lock.json": lock,
    "server.js":
      'const express = require("express");\nconst winston = require("winston");\nwinston.createLogger({ transports: [new winston.transports.File({ filename: "logs/error.log" })] });\nconst app = express();\napp.listen(3000);\n',
  });
  expect(text("Dockerfile")).toContain("RUN mkdir -p logs && chown node:node logs\nUSER node\n");
});

it("sends WebSockets of a Node program to it, and lets them be silent", async () => {
  const { text, plan } = await written({
    "api/package.json":
      '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "5.1.0", "ws": "8.18.3"}}',
    "api/package-lock.json": lock,
    "api/server.js":
      'const express = require("express");\nconst { WebSocketServer } = require("ws");\nconst app = express();\napp.get("/api/health", (q, r) => r.send("ok"));\nconst server = app.listen(3000);\nnew WebSocketServer({ server, path: "/ws" });\n',
    ...Object.fromEntries(Object.entries(application).filter(([path]) => path.startsWith("web/"))),
  });
  expect(plan.apps.find(app => app.name === "api")?.routes).toEqual(["/api", "/ws"]);
  expect(text("front-door/templates/default.conf.template")).toMatch(
    /location \/ws \{[^}]*proxy_read_timeout 1h/,
  );
});

it("leads a path to one program where several answer it, and shares /static between Django and a bundle", async () => {
  const { plan, text } = await written({
    ...application,
    "web/package.json":
      '{"scripts": {"build": "react-scripts build"}, "dependencies": {"react-scripts": "5.0.1", "react": "18.3.1"}}',
    "scores/requirements.txt": "fastapi==0.121.1\nuvicorn==0.38.0\n",
    "scores/main.py":
      'from fastapi import FastAPI\napp = FastAPI()\n@app.get("/api/scores")\ndef scores():\n    return []\n',
  });
  const routes = plan.apps.flatMap(app => app.routes);
  expect(routes).toEqual([...new Set(routes)]);
  expect(plan.apps.find(app => app.component.kind === "fastapi")?.routes).toEqual(["/scores"]);
  const places = [
    ...text("front-door/templates/default.conf.template").matchAll(/^ {4}location (\/\S*) \{/gm),
  ].map(([, path]) => path);
  expect(places).toEqual(expect.arrayContaining(["/static", "/static/js"]));
  const tls = places.slice(places.indexOf("/") + 1);
  expect(tls).toEqual([...new Set(tls)]);
});
