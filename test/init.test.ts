import { describe, expect, it } from "vitest";
import { isKept } from "../src/core/rule.ts";
import type { PageFile } from "../src/pages/page.ts";
import { pageFiles } from "../src/pages/page-files.ts";
import { stackFiles } from "../src/remedies/stack-files.ts";
import { planStack } from "../src/remedies/stack-plan.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { link } from "../src/stack/link.ts";

const now = new Date("2026-11-21T12:00:00Z");
const file = ([path, text]: [string, string]): PageFile => ({
  ...{ path, text },
  ...{ ignored: false, untracked: false, directory: false },
});
const lock = '{"lockfileVersion": 3, "packages": {}}';

/** An API and its pages, as their authors would commit them: nothing in them is wrong. */
const application: Record<string, string> = {
  "api/requirements.txt":
    "django==5.2.8\npsycopg[binary]==3.2.12\ngunicorn==23.0.0\ncelery==5.5.3\nredis==6.4.0\n",
  "api/manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "api/shop/__init__.py": "",
  "api/shop/wsgi.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
  "api/shop/celery.py": 'from celery import Celery\napp = Celery("shop")\n',
  "api/shop/urls.py":
    'from django.http import HttpResponse\nfrom django.urls import path\nurlpatterns = [path("api/health/", lambda request: HttpResponse("ok")), path("shop/", lambda request: HttpResponse("hello"))]\n',
  "api/shop/settings.py": `import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["DB_HOST"],
        "NAME": os.environ["DB_NAME"],
        "USER": os.environ["DB_USER"],
        "PASSWORD": os.environ["DB_PASSWORD"],
    }
}
CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
INSTALLED_APPS = ["django.contrib.staticfiles"]
LOGGING = {"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["console"]}}
`,
  "web/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7.2.2"}}',
  "web/package-lock.json": lock,
  "web/index.html": '<div id="app"></div>\n',
  "web/src/main.js": 'fetch("/api/health/");\n',
};

async function written(texts: Record<string, string>) {
  const before = await link(pageFiles(Object.entries(texts).map(file)), { now });
  const plan = planStack(before, "shop");
  const result = stackFiles(plan);
  const all = { ...texts, ...Object.fromEntries(result.files.map(each => [each.path, each.text])) };
  const stack = await link(pageFiles([...Object.entries(all).map(file)]), { now });
  return { plan, result, stack, text: (path: string) => result.files.find(each => each.path === path)!.text };
}

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
  const found = rules.flatMap(rule =>
    [...rule.check(stack)].flatMap(outcome => (isKept(outcome) ? [] : [`${rule.id}: ${outcome.message}`])),
  );
  // Tests and alarms are not in these files.
  expect(found.filter(each => !/^(pipeline\/present|observe\/)/.test(each))).toEqual([]);
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

const found = (stack: Awaited<ReturnType<typeof written>>["stack"]) =>
  rules.flatMap(rule =>
    [...rule.check(stack)].flatMap(outcome => (isKept(outcome) ? [] : [`${rule.id}: ${outcome.message}`])),
  );

it("gives an application that speaks to MySQL one, with a backup", async () => {
  const { plan, stack, text } = await written({
    ...application,
    "api/requirements.txt": application["api/requirements.txt"]!.replace(
      /psycopg[^\n]*/,
      "mysqlclient==2.2.7",
    ),
    "api/shop/settings.py": application["api/shop/settings.py"]!.replace("postgresql", "mysql"),
  });
  expect(plan.database).toBe("mysql");
  const db = stack.services.find(service => service.name === "db")!;
  expect(db.image?.text).toMatch(/^mysql:8\.4/);
  const api = stack.services.find(service => service.name === "api")!;
  const values = Object.fromEntries(api.environment.map(each => [each.name, each.value?.raw]));
  expect(values).toMatchObject({ DB_HOST: "db", DB_NAME: "app", DB_PASSWORD: "${DB_PASSWORD:?}" });
  expect(text("backup/connect.sh")).toContain("mysqldump");
  expect(text("scripts/make-settings.sh")).toContain("secrets/mysql_root_password");
  expect(found(stack).filter(each => !/^(pipeline\/present|observe\/)/.test(each))).toEqual([]);
});

it("lets a server of pages reach the database that Prisma names, and says who brings the schema", async () => {
  const { plan, stack } = await written({
    "package.json":
      '{"scripts": {"build": "next build"}, "dependencies": {"next": "16.0.1", "react": "19.2.0", "@prisma/client": "6.19.0"}, "devDependencies": {"prisma": "6.19.0"}}',
    "package-lock.json": lock,
    "pages/index.js": "export default () => process.env.DATABASE_URL;\n",
    "prisma/schema.prisma":
      'generator client {\n  provider = "prisma-client-js"\n}\ndatasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
  });
  expect(plan.database).toBe("postgres");
  expect(plan.afterwards[0]).toContain("prisma/schema.prisma");
  const web = stack.services.find(service => service.name === "web")!;
  expect(web.dependsOn.map(each => each.service)).toEqual(["db"]);
  expect(text(stack, "web")).toContain("networks: [edge, internal]");

  function text({ sources }: typeof stack, name: string): string {
    const all = sources.get("compose.yml")!.text;
    return all.slice(all.indexOf(`\n  ${name}:`), all.indexOf("\n  db:"));
  }
});

it("builds the browser's code for the site, where the code itself names a workstation", async () => {
  const { text } = await written({
    ...application,
    "web/src/main.js":
      'const api = import.meta.env.VITE_API_URL || "http://localhost:8000/api";\nconst key = import.meta.env.VITE_MAP_KEY;\nfetch(api + key);\n',
  });
  expect(text("compose.yml")).toContain("VITE_API_URL: ${VITE_API_URL:-https://${SITE_DOMAIN:?}/api}");
  expect(text("compose.yml")).toMatch(/^ {8}VITE_MAP_KEY:$/m);
  expect(text("web/Dockerfile")).toContain("ARG VITE_API_URL");
});

it("shows what visitors have sent to Django, and runs none of it", async () => {
  const { text, stack } = await written({
    ...application,
    "api/shop/settings.py": `${application["api/shop/settings.py"]}MEDIA_URL = "/media/"\nMEDIA_ROOT = BASE_DIR / "media"\n`,
  });
  expect(text("compose.yml")).toContain("- api-uploads:/app/media");
  expect(text("compose.yml")).toContain('"api-uploads:/usr/share/nginx/html/media:ro"');
  expect(text("front-door/templates/default.conf.template")).toMatch(
    /location \/media \{[^}]*\$to_api_static_8080/,
  );
  expect(text("api/static.nginx.conf")).toMatch(
    /location \/media\/ \{\s+add_header Content-Security-Policy "sandbox/,
  );
  expect(found(stack).filter(each => !/^(pipeline\/present|observe\/)/.test(each))).toEqual([]);
});

it("says which store it does not write", async () => {
  const { plan } = await written({
    "package.json":
      '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "5.1.0", "mongoose": "8.19.0"}}',
    "package-lock.json": lock,
    "server.js": 'const express = require("express");\nexpress().listen(3000);\n',
  });
  expect(plan.database).toBeUndefined();
  expect(plan.afterwards).toEqual([expect.stringContaining("MongoDB")]);
});

it("passes what an example lists to code that takes a prefix, and says what nothing tells a program", async () => {
  const { plan, text } = await written({
    "requirements.txt": "django==5.2.8\npsycopg[binary]==3.2.12\ngunicorn==23.0.0\n",
    "manage.py": application["api/manage.py"]!,
    "shop/__init__.py": "",
    "shop/wsgi.py": application["api/shop/wsgi.py"]!,
    "shop/settings.py":
      'import os\nprefix = "SHOP_"\nglobals().update({key[5:]: value for key, value in os.environ.items() if key.startswith(prefix)})\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "localhost"}}\nSTATIC_ROOT = "/app/staticfiles"\n',
    ".env.example":
      "SHOP_SECRET_KEY=\nSHOP_COLOUR=blue\nSHOP_CSRF_TRUSTED_ORIGINS=[https://shop.example.org]\n",
  });
  expect(plan.apps[0]!.wiring.variables).toEqual([
    { name: "DJANGO_SETTINGS_MODULE", value: "shop.settings" },
    { name: "SHOP_SECRET_KEY", value: "${SHOP_SECRET_KEY:?}" },
    { name: "SHOP_COLOUR", value: undefined },
    { name: "SHOP_CSRF_TRUSTED_ORIGINS", value: '"[https://${SITE_DOMAIN:?}]"' },
  ]);
  expect(text("scripts/make-settings.sh")).toContain("DB_PASSWORD | SHOP_SECRET_KEY) value=$(random)");
  // The settings do not load without a key, in a build neither.
  expect(text("Dockerfile")).toContain("RUN SHOP_SECRET_KEY=build python manage.py collectstatic");
  expect(plan.afterwards).toEqual([expect.stringMatching(/^Tell "api" where its database is \(host db/)]);
});

describe("settings that lie over the code's own", () => {
  const shop = (take: string) => ({
    "requirements.txt": "django==5.2.8\npsycopg[binary]==3.2.12\ngunicorn==23.0.0\npyyaml==6.0.3\n",
    "manage.py": application["api/manage.py"]!,
    "shop/__init__.py": "",
    "shop/wsgi.py": application["api/shop/wsgi.py"]!,
    "shop/settings.py": `import os\nimport yaml\nSETTINGS_PREFIX = "SHOP_"\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "localhost"}}\nSTATIC_ROOT = "/app/staticfiles"\ngiven = {key[5:]: yaml.safe_load(value) for key, value in os.environ.items() if key.startswith(SETTINGS_PREFIX)}\n${take}\n`,
  });

  it("get the database's address where a part of a dictionary is enough", async () => {
    const { plan } = await written(shop("deep_update(globals(), given)"));
    expect(plan.apps[0]!.wiring.variables).toContainEqual({
      name: "SHOP_DATABASES",
      value:
        '\'{"default": {"HOST": "db", "PORT": "5432", "NAME": "app", "USER": "app", "PASSWORD": "${DB_PASSWORD:?}"}}\'',
    });
    expect(plan.afterwards).toEqual([]);
  });

  it("do not where the whole setting would be replaced", async () => {
    const { plan } = await written(shop("globals().update(given)"));
    expect(plan.apps[0]!.wiring.variables.map(each => each.name)).not.toContain("SHOP_DATABASES");
    expect(plan.afterwards).toEqual([expect.stringMatching(/^Tell "api" where its database is/)]);
  });
});
