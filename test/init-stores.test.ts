import { describe, expect, it } from "vitest";
import { application, found, lock, written } from "./init-application.ts";

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
