import { dependsOn } from "../artifacts/package-manifest.ts";
import type { Location } from "../core/source.ts";
import { settingsOf } from "./query-environment.ts";
import type { Service } from "./stack.ts";

/** Packages with which a program serves sockets; `ws` alone is as often a client. */
const packages = ["socket.io", "express-ws", "@nestjs/websockets", "@fastify/websocket"];

/** What shows that a service serves sockets: a server package, or Django's channels under an ASGI server. */
export function socketsOf(service: Service): Location | undefined {
  const { component } = service;
  const manifest = component?.package;
  if (manifest && component.kind !== "vite" && component.kind !== "cra")
    for (const name of packages) {
      const dependency = dependsOn(manifest, name);
      if (dependency?.group === "dependencies") return dependency.at;
    }
  if (component?.kind !== "django") return undefined;
  const asgi = service.process?.commands
    .flat()
    .some(word => /daphne|uvicorn|hypercorn/i.test(word.value ?? ""));
  return asgi ? settingsOf(service)?.values.get("CHANNEL_LAYERS")?.at : undefined;
}
