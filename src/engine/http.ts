import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { connect } from "node:net";
import type { HttpAnswer, HttpRequest } from "../core/engine.ts";

const usualTimeoutMs = 5_000;
const mostBody = 64 << 10;

/** One request on a connection of its own. Never throws: what goes wrong is the answer. */
export function ask(address: string, wanted: HttpRequest): Promise<HttpAnswer> {
  const start = performance.now();
  return new Promise(settle => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (answer: Pick<HttpAnswer, "status" | "error"> & Partial<HttpAnswer>) => {
      clearTimeout(timer);
      outgoing.destroy();
      settle({ headers: {}, body: "", ms: Math.round(performance.now() - start), ...answer });
    };
    const outgoing = (wanted.tls ? secure : plain)({
      host: address,
      port: wanted.port,
      path: wanted.path,
      method: wanted.method ?? "GET",
      agent: false,
      headers: {
        ...wanted.headers,
        ...(wanted.body === undefined ? {} : { "content-length": Buffer.byteLength(wanted.body) }),
      },
      // What is asked is whether it answers; whose certificate it is, is another question.
      rejectUnauthorized: false,
      ...(wanted.tls && wanted.headers?.["host"] ? { servername: wanted.headers["host"] } : {}),
    });
    // A limit for the whole exchange: an answer that trickles is none.
    const timer = setTimeout(() => finish({ error: "timeout" }), wanted.timeoutMs ?? usualTimeoutMs);
    outgoing.on("error", (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
    outgoing.on("response", response => {
      response.on("data", (chunk: Buffer) => {
        if (size < mostBody) chunks.push(chunk);
        size += chunk.length;
      });
      response.on("error", (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
      response.on("end", () => {
        if (!response.complete) return finish({ error: "ECONNRESET" });
        const headers = Object.fromEntries(
          Object.entries(response.headers).filter(([, value]) => value !== undefined),
        ) as Record<string, string | string[]>;
        const body = Buffer.concat(chunks).subarray(0, mostBody).toString("utf8");
        finish({
          ...(response.statusCode === undefined ? {} : { status: response.statusCode }),
          headers,
          body,
        });
      });
    });
    outgoing.end(wanted.body);
  });
}

const listenMs = 2_000;

/** Connects, says something, and gives what came back until it is enough, the other side ended or two seconds passed. */
export function talkTo(
  address: string,
  port: number,
  words: string | Uint8Array,
  enough = (reply: string): boolean => reply.includes("\n"),
): Promise<{ readonly open: boolean; readonly reply: string }> {
  return new Promise(settle => {
    const socket = connect({ host: address, port });
    let open = false;
    let reply = "";
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      settle({ open, reply });
    };
    const timer = setTimeout(finish, listenMs);
    socket.on("connect", () => {
      open = true;
      socket.write(words);
    });
    socket.on("data", chunk => {
      reply = (reply + chunk.toString("latin1")).slice(0, 4096);
      if (enough(reply)) finish();
    });
    socket.on("close", finish);
    socket.on("error", finish);
  });
}
