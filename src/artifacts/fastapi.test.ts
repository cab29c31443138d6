import { beforeAll, describe, expect, it } from "vitest";
import { loadPython } from "../formats/python.ts";
import { asgiModule, fastApiServes, readFastApi } from "./fastapi.ts";
import { projectOf } from "./files.testing.ts";
import { settingValue } from "./value.ts";

beforeAll(loadPython);

function answers(main: string, paths: readonly string[], more: Record<string, string> = {}): string[] {
  const files = projectOf({ "api/app/main.py": `from fastapi import FastAPI, APIRouter\n${main}`, ...more });
  const app = readFastApi(files, "api/app/main.py", ["api"]);
  if (!app) throw new Error("no app");
  return paths.map(path => fastApiServes(app, path).answer);
}

describe("fastApiServes", () => {
  it("knows routes, parameters, its own pages and the redirect of a slash", () => {
    const main = `app = FastAPI()\n@app.get("/health")\ndef h(): ...\n@app.get("/items/{id}")\ndef i(): ...\n@app.get("/f/{p:path}")\ndef f(): ...\n`;
    expect(
      answers(main, [
        "/health",
        "/health/",
        "/items/1",
        "/items/1/2",
        "/f/a/b",
        "/docs",
        "/openapi.json",
        "/none",
      ]),
    ).toEqual(["yes", "redirect", "yes", "no", "yes", "yes", "yes", "no"]);
    expect(
      answers(`app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)\n`, ["/docs", "/openapi.json"]),
    ).toEqual(["no", "no"]);
  });

  it("serves no API pages without a schema", () => {
    expect(answers(`app = FastAPI(openapi_url=None)\n`, ["/docs", "/redoc"])).toEqual(["no", "no"]);
  });

  it("follows routers through modules and prefixes", () => {
    const main = `from app.api import users, health as alive\nfrom .config import PREFIX\napp = FastAPI()\napp.include_router(users.router, prefix=PREFIX)\napp.include_router(alive.router)\n`;
    const more = {
      "api/app/config.py": `PREFIX = "/api/v1"\n`,
      "api/app/api/__init__.py": "",
      "api/app/api/users.py": `from fastapi import APIRouter\nrouter = APIRouter(prefix="/users")\n@router.get("/me")\ndef me(): ...\n`,
      "api/app/api/health.py": `from fastapi import APIRouter\nrouter = APIRouter()\n@router.get("/healthz")\ndef h(): ...\n`,
    };
    expect(answers(main, ["/api/v1/users/me", "/users/me", "/healthz", "/none"], more)).toEqual([
      "yes",
      "no",
      "yes",
      "no",
    ]);
  });

  it("reads apps made in a factory", () => {
    expect(
      answers(
        `def create_app():\n    app = FastAPI()\n    @app.get("/up")\n    def up(): ...\n    return app\n`,
        ["/up", "/down"],
      ),
    ).toEqual(["yes", "no"]);
  });

  it("is unknown where routes may come from elsewhere", () => {
    expect(answers(`app = FastAPI()\nregister(app)\n`, ["/x"])).toEqual(["unknown"]);
    expect(answers(`app = FastAPI()\nfor r in routers:\n    app.include_router(r)\n`, ["/x"])).toEqual([
      "unknown",
    ]);
    expect(answers(`app = FastAPI()\napp.mount("/static", s)\n`, ["/static/a", "/x"])).toEqual([
      "unknown",
      "no",
    ]);
    expect(answers(`app = FastAPI()\nInstrumentator().instrument(app).expose(app)\n`, ["/metrics"])).toEqual([
      "unknown",
    ]);
  });

  it("gives the options of CORS", () => {
    const files = projectOf({
      "main.py": `from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\napp = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)\n`,
    });
    const cors = readFastApi(files, "main.py", [""])!.middleware[0]!;
    expect(cors.name).toBe("CORSMiddleware");
    expect(settingValue(cors.options.get("allow_origins")!)).toMatchObject({ value: ["*"] });
  });

  it("resolves module paths below the right root only", () => {
    const files = projectOf({ "backend/app/main.py": "" });
    expect(asgiModule(files, "app.main:app", ["backend"])).toEqual({
      file: "backend/app/main.py",
      object: "app",
    });
    expect(asgiModule(files, "main:app", ["backend"])).toBeUndefined();
  });
});
