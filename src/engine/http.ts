import { randomBytes } from "node:crypto";
import { Agent, request as plain, type RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secure } from "node:https";
import { connect, isIP } from "node:net";
import type { HttpAnswer, HttpRequest, SocketSession } from "../core/engine.ts";

const usualTimeoutMs = 5_000;
const mostBody = 64 << 10;

/** Connections that stay open between requests; they hold no process, and close after some idle seconds. */
const kept = { plain: new Agent({ keepAlive: true }), secure: new SecureAgent({ keepAlive: true }) };

function optionsOf(address: string, wanted: HttpRequest): RequestOptions & { rejectUnauthorized: boolean } {
  const host = wanted.headers?.["host"];
  return {
    host: address,
    port: wanted.port,
    path: wanted.path,
    method: wanted.method ?? "GET",
    agent: wanted.keepAlive ? (wanted.tls ? kept.secure : kept.plain) : false,
    headers: {
      ...wanted.headers,
      ...(wanted.body === undefined ? {} : { "content-length": Buffer.byteLength(wanted.body) }),
    },
    // What is asked is whether it answers; whose certificate it is, is another question.
    rejectUnauthorized: false,
    // An address is no name to ask for.
    ...(wanted.tls && host !== undefined && isIP(host) === 0 ? { servername: host } : {}),
  };
}

/** One request. Never throws: what goes wrong is the answer. */
export function ask(address: string, wanted: HttpRequest): Promise<HttpAnswer> {
  const start = performance.now();
  return new Promise(settle => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (answer: Pick<HttpAnswer, "status" | "error"> & Partial<HttpAnswer>) => {
      clearTimeout(timer);
      // A response that was read to its end leaves its connection to the next request.
      if (!wanted.keepAlive || answer.status === undefined) outgoing.destroy();
      settle({ headers: {}, body: "", ms: Math.round(performance.now() - start), ...answer });
    };
    const outgoing = (wanted.tls ? secure : plain)(optionsOf(address, wanted));
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

/** Asks for a WebSocket and keeps it open. */
export function openSocket(address: string, wanted: HttpRequest): Promise<SocketSession> {
  return new Promise(settle => {
    const headers = {
      ...wanted.headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    };
    const outgoing = (wanted.tls ? secure : plain)({ ...optionsOf(address, wanted), agent: false, headers });
    const refused = (status?: number) => {
      clearTimeout(timer);
      outgoing.destroy();
      settle({ ...(status === undefined ? {} : { status }), ended: Promise.resolve(), close() {} });
    };
    const timer = setTimeout(refused, wanted.timeoutMs ?? usualTimeoutMs);
    outgoing.on("error", () => refused());
    outgoing.on("response", response => refused(response.statusCode));
    outgoing.on("upgrade", (response, socket) => {
      clearTimeout(timer);
      const ended = new Promise<void>(end => {
        // The first byte of a frame that says goodbye is 0x88; whatever else comes is read and forgotten.
        socket.on("data", (chunk: Buffer) => {
          if (chunk[0] === 0x88) socket.destroy();
        });
        socket.on("error", () => {});
        socket.on("end", () => socket.destroy());
        socket.on("close", end);
      });
      settle({ status: response.statusCode ?? 101, ended, close: () => socket.destroy() });
    });
    outgoing.end();
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
