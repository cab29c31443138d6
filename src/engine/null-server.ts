import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpAnswer } from "../core/engine.ts";
import { ask } from "./http.ts";

/** A server of this process that does nothing: what it takes to be answered by it is the machine's and ours. */
export function nullServer(): () => Promise<HttpAnswer> {
  let listening: Promise<number> | undefined;
  return async () => {
    listening ??= listen();
    return ask("127.0.0.1", { port: await listening, path: "/" });
  };
}

function listen(): Promise<number> {
  const server: Server = createServer((_, response) => response.end("ok\n"));
  // It must not keep the process from ending.
  server.unref();
  return new Promise((settle, refuse) => {
    server.on("error", refuse);
    server.listen(0, "127.0.0.1", () => settle((server.address() as AddressInfo).port));
  });
}
