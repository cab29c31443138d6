import { join } from "../core/path.ts";
import type { AppKind } from "../stack/app/detect.ts";
import { nginxImage } from "./base-images.ts";
import { pagesConfiguration, serverLines } from "./file-server.ts";
import type { NodeApp } from "./node-app.ts";
import { buildStage } from "./node-dockerfile.ts";

/** Kinds whose program is a bundle: nothing of Node runs in production. */
export function isStatic(kind: AppKind): boolean {
  return kind === "vite" || kind === "cra";
}

/** A bundle, built and then served by nginx as a user without rights. `conf` stands beside the component's package.json. */
export function staticDockerfile(app: NodeApp, below: string, conf: string): string {
  const output = join("/app", join(app.member, app.output));
  return [
    ...buildStage(app, below),
    "",
    `FROM ${nginxImage} AS runtime`,
    ...serverLines(join(below, join(app.member, conf)), output, "/usr/share/nginx/html", app.port),
    "",
  ].join("\n");
}

/** The web server's configuration for it. */
export function siteConfiguration(app: NodeApp): string {
  return pagesConfiguration(app.port, app.kind === "cra" ? "/static/" : "/assets/");
}
