import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPython } from "../formats/python.ts";
import { djangoEntryFile, djangoSettings, findDjangoProjects } from "./django.ts";
import {
  type DjangoSettings,
  djangoSetting,
  djangoSettingUnder,
  isGuarded,
  refusals,
} from "./django-settings.ts";
import { projectOf } from "./files.testing.ts";
import { concrete, entryOf, envUses, settingValue } from "./value.ts";

beforeAll(loadPython);

const manage = `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n`;

function settingsOf(text: string, more: Record<string, string> = {}): DjangoSettings {
  const files = projectOf({ "manage.py": manage, "shop/settings.py": text, ...more });
  const settings = djangoSettings(files, findDjangoProjects(files)[0]!);
  if (!settings) throw new Error("no settings");
  return settings;
}

const nothing = () => null;
const under = (set: Record<string, string>) => (name: string) => set[name] ?? null;

describe("findDjangoProjects", () => {
  it("finds manage.py, the default module with its place, and the settings modules", () => {
    const files = projectOf({
      "api/manage.py": manage,
      "api/shop/settings/__init__.py": "",
      "api/shop/settings/base.py": "",
      "venv/lib/site-packages/django/manage.py": manage,
    });
    const [project, ...others] = findDjangoProjects(files);
    expect(others).toEqual([]);
    expect(project).toMatchObject({ dir: "api", defaultModule: { value: "shop.settings" } });
    const { start, end } = project!.defaultModule!.at.span;
    expect(manage.slice(start, end)).toBe("shop.settings");
    expect(project!.modules.map(each => each.module)).toEqual(["shop.settings", "shop.settings.base"]);
    expect(djangoSettings(files, project!, "shop.settings_test")).toBeUndefined();
    expect(djangoEntryFile(files, project!, "shop.wsgi")).toBeUndefined();
  });

  it("does not guess between two modules of one name", () => {
    const files = projectOf({ "a/manage.py": manage, "b/shop/settings.py": "", "c/shop/settings.py": "" });
    expect(djangoSettings(files, findDjangoProjects(files)[0]!)).toBeUndefined();
  });
});

describe("values", () => {
  const env = "import os\nfrom datetime import timedelta\nfrom os import environ, getenv\n";
  it.each([
    [`os.getenv("DEBUG", "False") == "True"`, ["DEBUG"], false, { DEBUG: "True" }, true],
    [`os.environ.get("DEBUG", "true").lower() in ("1", "true")`, ["DEBUG"], true, { DEBUG: "0" }, false],
    [`bool(os.getenv("DEBUG", "False"))`, ["DEBUG"], true, { DEBUG: "" }, false],
    [`not getenv("PRODUCTION")`, ["PRODUCTION"], true, { PRODUCTION: "1" }, false],
    [`environ.get("HOSTS", "a,b").split(",")`, ["HOSTS"], ["a", "b"], { HOSTS: "c" }, ["c"]],
    [
      `[h.strip() for h in os.getenv("HOSTS", "").split(",") if h.strip()]`,
      ["HOSTS"],
      [],
      { HOSTS: "a, b," },
      ["a", "b"],
    ],
    [`int(os.getenv("N", 3))`, ["N"], 3, { N: "5" }, 5],
    [`os.getenv("A") or os.getenv("B") or "c"`, ["A", "B"], "c", { B: "x" }, "x"],
    [`os.environ["A"]`, ["A"], undefined, { A: "x" }, "x"],
    [`f"redis://{os.getenv('H', 'redis')}:6379"`, ["H"], "redis://redis:6379", { H: "a" }, "redis://a:6379"],
    [`"x" if os.getenv("A") else "y"`, ["A"], "y", { A: "1" }, "x"],
    [`timedelta(1, hours=int(os.getenv("A", "2")))`, ["A"], 93_600, { A: "0" }, 86_400],
  ])("reads %s", (text, names, unset, set, value) => {
    const setting = settingsOf(`${env}X = ${text}\n`);
    expect(djangoSetting(setting, "X")).toMatchObject({ kind: "env", env: { names } });
    expect(djangoSettingUnder(setting, "X", nothing)).toEqual(unset);
    expect(djangoSettingUnder(setting, "X", under(set))).toEqual(value);
  });

  it("reads django-environ with types that have no default", () => {
    const setting = settingsOf(`import environ\nenv = environ.Env(DEBUG=bool)\nDEBUG = env("DEBUG")\n`);
    expect(djangoSetting(setting, "DEBUG")).toMatchObject({ env: { cast: "bool", required: true } });
    expect(djangoSettingUnder(setting, "DEBUG", under({ DEBUG: "False" }))).toBe(false);
  });

  it("reads django-environ with its declared types", () => {
    const setting = settingsOf(
      `import environ\nenv = environ.Env(DEBUG=(bool, True))\nDEBUG = env("DEBUG")\nSECRET_KEY = env("SECRET_KEY")\nALLOWED_HOSTS = env.list("HOSTS", default=["a"])\nDATABASES = {"default": env.db("DATABASE_URL", default="postgres://u:p@db:5432/n")}\n`,
    );
    expect(djangoSetting(setting, "DEBUG")).toMatchObject({ whenUnset: true, env: { cast: "bool" } });
    expect(djangoSettingUnder(setting, "DEBUG", under({ DEBUG: "off" }))).toBe(false);
    expect(djangoSetting(setting, "SECRET_KEY")).toMatchObject({ env: { required: true } });
    expect(djangoSetting(setting, "SECRET_KEY")).not.toHaveProperty("whenUnset");
    expect(djangoSetting(setting, "ALLOWED_HOSTS")).toMatchObject({ whenUnset: ["a"] });
    const database = concrete(entryOf(setting.values.get("DATABASES"), "default")!, nothing);
    expect(database).toEqual(
      new Map(
        Object.entries({
          ENGINE: "django.db.backends.postgresql",
          NAME: "n",
          USER: "u",
          PASSWORD: "p",
          HOST: "db",
          PORT: "5432",
        }),
      ),
    );
  });

  it("reads python-decouple with casts and defaults in any order", () => {
    const setting = settingsOf(
      `from decouple import config, Csv\nDEBUG = config("DEBUG", cast=bool, default=False)\nALLOWED_HOSTS = config("HOSTS", default="a,b", cast=Csv())\n`,
    );
    expect(djangoSetting(setting, "DEBUG")).toMatchObject({ whenUnset: false, env: { cast: "bool" } });
    expect(djangoSetting(setting, "ALLOWED_HOSTS")).toMatchObject({
      whenUnset: ["a", "b"],
      env: { cast: "list" },
    });
  });

  it("follows helper functions of the project", () => {
    const setting = settingsOf(`from shop.tools import flag\nDEBUG = flag("DEBUG", True)\n`, {
      "shop/tools.py": `import os\ndef flag(name, default=False):\n    value = os.getenv(name)\n    if value is None:\n        return default\n    return value.lower() in ("1", "true")\n`,
    });
    expect(djangoSetting(setting, "DEBUG")).toMatchObject({ whenUnset: true, env: { names: ["DEBUG"] } });
    expect(djangoSettingUnder(setting, "DEBUG", under({ DEBUG: "no" }))).toBe(false);
  });

  it("gives places of the read and of its default", () => {
    const text = `import os\nSECRET_KEY = os.getenv("KEY", "change-me")\n`;
    const found = djangoSetting(settingsOf(text), "SECRET_KEY")!;
    const { start, end } = found.env!.default!.at.span;
    expect(text.slice(start, end)).toBe(`"change-me"`);
  });

  it("does not guess", () => {
    const setting = settingsOf(
      `from somewhere import secret\nSECRET_KEY = secret()\nDEBUG = lookup("x", os.getenv("A"))\n`,
    );
    expect(djangoSetting(setting, "SECRET_KEY")).toMatchObject({ kind: "unknown" });
    expect(djangoSetting(setting, "DEBUG")).toMatchObject({ kind: "unknown", env: { names: ["A"] } });
    expect(djangoSetting(setting, "ALLOWED_HOSTS")).toBeUndefined();
    expect(djangoSettingUnder(setting, "ALLOWED_HOSTS", nothing)).toEqual([]);
  });
});

describe("modules", () => {
  it("follows star imports, updates and entries", () => {
    const setting = settingsOf(
      `from .base import *\nAPPS += ["b"]\nAPPS.append("c")\nDATABASES["default"]["HOST"] = "db"\nREST.update({"K": 1})\n`,
      {
        "shop/base.py": `APPS = ["a"]\nDATABASES = {"default": {"HOST": "localhost", "NAME": "n"}}\nREST = {}\n`,
      },
    );
    expect(djangoSetting(setting, "APPS")).toMatchObject({ value: ["a", "b", "c"] });
    expect(settingValue(entryOf(setting.values.get("DATABASES"), "default", "HOST")!)).toMatchObject({
      value: "db",
    });
    expect(settingValue(entryOf(setting.values.get("REST"), "K")!)).toMatchObject({ value: 1 });
    expect(setting.files).toEqual(["shop/settings.py", "shop/base.py"]);
  });

  it.each([
    [`A = list(filter(None, os.getenv("H", "a,,b").split(",")))`, ["a", "b"]],
    [`A = list(map(str.strip, os.getenv("H", "a, b").split(",")))`, ["a", "b"]],
    [`A = ["x"] + os.getenv("H", "a,b").split(",")`, ["x", "a", "b"]],
    [`A = ["x", *os.getenv("H", "a,b").split(","), "y"]`, ["x", "a", "b", "y"]],
    [`A = ["x"]\nA.extend(os.getenv("H", "a,b").split(","))\nA.append("y")`, ["x", "a", "b", "y"]],
    [`A = ["x"]\nA.extend(os.getenv("H", "a,b").split(","))\nA.remove("x")`, undefined],
    [`A = ["x"] + other()`, undefined],
  ])("joins the lists of %s", (text, value) => {
    const setting = settingsOf(`import os\n${text}\n`);
    expect(djangoSettingUnder(setting, "A", nothing)).toEqual(value);
  });

  it("says where values may be changed unseen", () => {
    const local = settingsOf(`A = 1\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n`);
    expect(local.unseen.map(each => each.why)).toEqual(["local-override"]);
    expect(djangoSetting(local, "A")).toMatchObject({ value: 1 });
    expect(settingsOf(`from .gone import *\n`).unseen.map(each => each.why)).toEqual(["missing-module"]);
    expect(settingsOf(`globals().update(load())\n`).unseen.map(each => each.why)).toEqual(["dynamic"]);
    expect(
      settingsOf(`for name in dir(local):\n    globals()[name] = getattr(local, name)\n`).unseen.map(
        each => each.why,
      ),
    ).toEqual(["dynamic"]);
  });

  it("follows django-split-settings", () => {
    const setting = settingsOf(
      `from split_settings.tools import include, optional\ninclude("parts/*.py", optional("local.py"), "gone.py")\n`,
      { "shop/parts/a.py": "A = 1\n", "shop/parts/b.py": "A = A + 1\n" },
    );
    expect(djangoSetting(setting, "A")).toMatchObject({ value: 2 });
    expect(setting.unseen.map(each => each.why)).toEqual(["local-override", "missing-module"]);
    expect(setting.problems[0]?.message).toContain("gone.py");
  });

  it("keeps both branches of a condition that the environment decides", () => {
    const setting = settingsOf(
      `import os\nif os.getenv("ENV") == "prod":\n    DEBUG = False\nelse:\n    DEBUG = True\n`,
    );
    expect(djangoSettingUnder(setting, "DEBUG", nothing)).toBe(true);
    expect(djangoSettingUnder(setting, "DEBUG", under({ ENV: "prod" }))).toBe(false);
    expect(djangoSettingUnder(setting, "DEBUG", () => undefined)).toBeUndefined();
  });

  it("knows guards that refuse to start", () => {
    const setting = settingsOf(
      `import os\nSECRET_KEY = os.getenv("KEY")\nif not SECRET_KEY:\n    raise RuntimeError("KEY")\nDEBUG = os.getenv("DEBUG", "1") == "1"\n`,
    );
    expect(refusals(setting, nothing)).toHaveLength(1);
    expect(refusals(setting, under({ KEY: "x" }))).toEqual([]);
    expect(isGuarded(setting, "SECRET_KEY")).toBe(true);
    expect(isGuarded(setting, "DEBUG")).toBe(false);
  });

  it("turns a caught KeyError into a default", () => {
    const setting = settingsOf(
      `import os\ntry:\n    A = os.environ["A"]\nexcept KeyError:\n    A = "weak"\n`,
    );
    expect(djangoSetting(setting, "A")).toMatchObject({
      whenUnset: "weak",
      env: { names: ["A"], required: false },
    });
  });

  it("ends on modules that import each other and on values that double", () => {
    const doubling = `A = ["x"]\n${"A = A + A\n".repeat(40)}B = [1]\n${"B = [B, B]\n".repeat(40)}`;
    expect(() => settingsOf(doubling)).not.toThrow();
    const round = settingsOf("from .base import *\nA = 1\n", {
      "shop/base.py": "from .settings import *\nB = 2\n",
    });
    expect(djangoSetting(round, "B")).toMatchObject({ value: 2 });
  });

  it("ends on functions that call themselves many times", () => {
    const started = performance.now();
    settingsOf(`def f(a):\n    if a: return f(a)\n    return [${"f(a), ".repeat(200)}]\nA = f(X)\n`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("never throws on any text, and every read has a place inside the file", () => {
    const line = fc.constantFrom(
      `A = os.getenv("X", "y")`,
      `A = B`,
      `B = [A, *C]`,
      `if A:\n    B = 1\nelse:\n    raise X`,
      `C = {**C, "a": A}`,
      `C["a"]["b"] = A`,
      `def f(a, b=1):\n    if a: return f(b)\n    return f(a)`,
      `D = f(A)`,
      `from .settings import *`,
      `try:\n    A = env("Z")\nexcept E:\n    A = f(1)`,
      `A += A`,
      `C.update(C)`,
      `for x in A:\n    B = x`,
      `A = [x for x in B if x]`,
      `A = A.split(",")`,
      `A, B = B, A`,
      `env = environ.Env()`,
      `((`,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 20 }), lines => {
        const text = `import os, environ\n${lines.join("\n")}`;
        const setting = settingsOf(text);
        for (const value of setting.values.values()) {
          settingValue(value);
          for (const use of envUses(value)) expect(use.at.span.end <= text.length).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
