import { beforeAll, describe, expect, it } from "vitest";
import { loadJavascript } from "../formats/javascript.ts";
import { projectOf } from "./files.testing.ts";
import { nestServes, readNest } from "./nest.ts";

beforeAll(loadJavascript);

const start = (lines: string) => `import { NestFactory } from "@nestjs/core";
async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  ${lines}
  await app.listen(3000);
}
bootstrap();
`;

const shop = {
  "src/main.ts": start('app.setGlobalPrefix("api");'),
  "src/health.controller.ts": `import { Controller, Get } from "@nestjs/common";
@Controller("health")
export class HealthController {
  @Get()
  all() { return "ok"; }
  @Get("ready")
  ready() { return "ok"; }
}
`,
  "src/orders.controller.ts": `import { Controller, Get, Post } from "@nestjs/common";
const base = "orders";
@Controller(base)
export class OrdersController {
  @Get(":id")
  one() {}
  @Post()
  add() {}
}
`,
};

function answer(texts: Readonly<Record<string, string>>, path: string): string {
  const files = projectOf(texts);
  return nestServes(files, "", readNest(files, "")!, path).answer;
}

describe("routes of NestJS", () => {
  it("puts the prefix of all routes before those of the controllers", () => {
    expect(answer(shop, "/api/health")).toBe("yes");
    expect(answer(shop, "/api/health/ready/")).toBe("yes");
    expect(answer(shop, "/api/orders/7")).toBe("yes");
    expect(answer(shop, "/health")).toBe("no");
    expect(answer(shop, "/api/healthz")).toBe("no");
  });

  it("leaves out what the prefix excludes", () => {
    const main = start('app.setGlobalPrefix("api", { exclude: ["health"] });');
    expect(answer({ ...shop, "src/main.ts": main }, "/health")).toBe("yes");
    expect(answer({ ...shop, "src/main.ts": main }, "/api/health")).toBe("no");
    const computed = start('app.setGlobalPrefix("api", { exclude: open });');
    expect(answer({ ...shop, "src/main.ts": computed }, "/health")).toBe("yes");
  });

  it("takes a version that stands in the path", () => {
    const main = start('app.setGlobalPrefix("api"); app.enableVersioning({ type: VersioningType.URI });');
    expect(answer({ ...shop, "src/main.ts": main }, "/api/v1/health")).toBe("yes");
    const header = start(
      'app.setGlobalPrefix("api"); app.enableVersioning({ type: VersioningType.HEADER });',
    );
    expect(answer({ ...shop, "src/main.ts": header }, "/api/v1/health")).toBe("no");
  });

  it("does not say no where something else may answer", () => {
    const computed = start("app.setGlobalPrefix(config.get('PREFIX'));");
    expect(answer({ ...shop, "src/main.ts": computed }, "/v9/nothing")).toBe("unknown");
    const docs = start('SwaggerModule.setup("docs", app, document);');
    expect(answer({ ...shop, "src/main.ts": docs }, "/docs")).toBe("unknown");
    const module = { "src/app.module.ts": 'import {} from "@nestjs/common"; GraphQLModule.forRoot({})' };
    expect(answer({ ...shop, ...module }, "/api/healthz")).toBe("unknown");
    const named = { "src/metrics.ts": 'import {} from "@nestjs/common"; export const path = "/metrics";' };
    expect(answer({ ...shop, ...named }, "/metrics")).toBe("unknown");
    const extended = shop["src/orders.controller.ts"].replace(
      "OrdersController {",
      "OrdersController extends Base {",
    );
    expect(answer({ ...shop, "src/orders.controller.ts": extended }, "/api/orders/all/none")).toBe("unknown");
    expect(answer(shop, "/")).toBe("unknown");
  });

  it("does not choose among several programs", () => {
    const files = projectOf({ ...shop, "src/admin.ts": start("") });
    expect(readNest(files, "")).toBeUndefined();
  });
});
